// winnow cache: what lies in the cache folder, and removing what is no longer needed.
#include <fmt/format.h>

#include <map>

#include "arguments.h"
#include "byte_size.h"
#include "commands.h"
#include "outcome.h"
#include "winnow/core/settings.h"
#include "winnow/data/cache_inventory.h"

namespace winnow::cmd {

namespace {

using State = data::CacheEntry::State;

Value json_of(const data::CacheEntry& entry) {
  return {{"file", entry.file.string()},
          {"kind", entry.kind},
          {"of", entry.of.empty() ? Value() : Value(entry.of)},
          {"bytes", entry.bytes},
          {"state", to_string(entry.state)}};
}

void list(bool json) {
  std::vector<data::CacheEntry> entries = data::cache_entries();
  std::map<State, std::uint64_t> bytes;
  Value all = Value::array();
  for (const data::CacheEntry& entry : entries) {
    bytes[entry.state] += entry.bytes;
    if (json) all.push_back(json_of(entry));
    else
      fmt::print("{:>9}  {:13}  {}{}  {}\n", byte_size(entry.bytes), to_string(entry.state), entry.kind,
                 entry.of.empty() ? "" : " of " + entry.of, entry.file.string());
  }
  if (json) {
    fmt::print("{}\n", Value({{"folder", cache_folder().string()}, {"files", all}}).dump(2));
    return;
  }
  fmt::print("{}: {} files, {} used", cache_folder().string(), entries.size(),
             byte_size(bytes[State::used] + bytes[State::being_written]));
  if (bytes.count(State::leftover))
    fmt::print("; {} of killed processes: winnow cache prune", byte_size(bytes[State::leftover]));
  if (bytes.count(State::unused))
    fmt::print("; {} of no data set as it is now: winnow cache prune --unused", byte_size(bytes[State::unused]));
  fmt::print("\n");
}

void prune(bool unused, bool dry_run, bool json) {
  Value removed = Value::array();
  std::uint64_t bytes = 0;
  for (const data::CacheEntry& entry : data::cache_entries()) {
    bool wanted = entry.state == State::leftover || (unused && entry.state == State::unused);
    if (!wanted || (!dry_run && !data::remove_entry(entry))) continue;
    bytes += entry.bytes;
    removed.push_back(json_of(entry));
    if (!json)
      fmt::print("{} {} ({}, {})\n", dry_run ? "would remove" : "removed", entry.file.string(), to_string(entry.state),
                 byte_size(entry.bytes));
  }
  if (json)
    fmt::print(
        "{}\n",
        Value({{"folder", cache_folder().string()}, {"removed", removed}, {"bytes", bytes}, {"dry_run", dry_run}})
            .dump(2));
  else
    fmt::print("{}: {} files, {}{}\n", cache_folder().string(), removed.size(), byte_size(bytes),
               dry_run ? " would be removed" : " removed");
}

}  // namespace

int cache(int argc, char** argv) {
  Command app(
      "cache",
      "The cache folder ($WINNOW_CACHE, else ~/.cache/winnow): records of data sets and weights, and copies of images, "
      "labels and texts\n"
      "that trainers map. States: used; being written; leftover (a temporary file of a process that was killed); "
      "unused (of contents\n"
      "that no data set of this machine has any more, because it was checked again after a change).",
      "  winnow cache list\n"
      "  winnow cache prune                 removes leftovers\n"
      "  winnow cache prune --unused        and what is unused; it is built again where it is needed after all\n"
      "  winnow cache prune --dry-run       only says what would go\n");
  bool json = false, unused = false, dry_run = false;
  app.require_subcommand(1);
  CLI::App* listing = app.add_subcommand("list", "every file, its size, whose it is and its state");
  CLI::App* pruning = app.add_subcommand("prune",
                                         "removes temporary files of processes that are gone; not while another "
                                         "machine that shares the folder checks data");
  pruning->add_flag("--unused", unused, "removes unused files, too");
  pruning->add_flag("--dry-run", dry_run, "removes nothing");
  for (CLI::App* sub : {listing, pruning}) sub->add_flag("--json", json, "for scripts");
  if (!parse(app, argc, argv)) return kDone;
  listing->parsed() ? list(json) : prune(unused, dry_run, json);
  return kDone;
}

}  // namespace winnow::cmd
