#include "store_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "byte_size.h"
#include "utc_time.h"
#include "winnow/core/counted.h"
#include "winnow/core/printable.h"
#include "winnow/core/shell_word.h"

namespace winnow::cmd {

namespace {

// What stands behind `winnow plan` to plan it as it was.
std::string command_line_of(const store::KnownSweep& sweep) {
  std::string line = shell_word(sweep.file);
  for (const std::string& folder : sweep.presets) line += " --presets " + shell_word(folder);
  for (const std::string& set : sweep.sets) line += " --set " + shell_word(set);
  return line;
}

struct Kind {
  store::Amount amount;
  std::map<std::string, std::uint64_t> arrays;
};

// By kind, the largest first; what cannot be read last, under "".
std::vector<std::pair<std::string, Kind>> by_kind(const std::vector<store::Inventory::Run>& runs) {
  std::map<std::string, Kind> all;
  for (const store::Inventory::Run& run : runs) {
    Kind& kind = all[run.kind];
    kind.amount.add(run.bytes);
    for (const auto& [name, bytes] : run.arrays) kind.arrays[name] += bytes;
  }
  std::vector<std::pair<std::string, Kind>> result(all.begin(), all.end());
  std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return a.first.empty() != b.first.empty() ? b.first.empty() : a.second.amount.bytes > b.second.amount.bytes;
  });
  return result;
}

// "weights 1.0 GB, selection 3.1 MB": the largest first, what is less than a hundredth left out.
std::string arrays_text(const Kind& kind) {
  std::vector<std::pair<std::uint64_t, std::string>> parts;
  for (const auto& [name, bytes] : kind.arrays)
    if (bytes * 100 >= kind.amount.bytes) parts.emplace_back(bytes, name);
  std::sort(parts.rbegin(), parts.rend());
  std::string text;
  for (const auto& [bytes, name] : parts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(name), byte_size(bytes));
  return text.empty() ? "" : "  " + text;
}

Value amount_json(const store::Amount& amount) { return {{"files", amount.files}, {"bytes", amount.bytes}}; }

store::Amount checkpoints_of(const store::Inventory& inventory) {
  store::Amount sum;
  for (const auto& checkpoint : inventory.checkpoints) sum.add(checkpoint.amount);
  return sum;
}

store::Amount runs_of(const store::Inventory& inventory) {
  store::Amount sum;
  for (const auto& run : inventory.runs) sum.add(run.bytes);
  return sum;
}

}  // namespace

StoreUse use_of(const std::string& root, store::Inventory inventory, const std::vector<store::KnownSweep>& sweeps) {
  StoreUse use{root, std::move(inventory), {}, {}, {}};
  std::unordered_map<Identity, store::Amount> there;
  for (const auto& run : use.inventory.runs) there[run.identity].add(run.bytes);
  for (const auto& checkpoint : use.inventory.checkpoints) there[checkpoint.identity].add(checkpoint.amount);
  std::unordered_map<Identity, std::size_t> planned;  // by how many of the sweeps
  auto each_of = [](const store::KnownSweep& sweep) {
    std::vector<Identity> stages = sweep.stages;  // each once, whatever a file says
    std::sort(stages.begin(), stages.end());
    stages.erase(std::unique(stages.begin(), stages.end()), stages.end());
    return stages;
  };
  for (const auto& sweep : sweeps)
    for (const Identity& stage : each_of(sweep)) ++planned[stage];
  for (const auto& sweep : sweeps) {
    SweepShare share{sweep.name, "", sweep.stages.size(), {}, {}};
    share.about = command_line_of(sweep);
    if (sweep.time > 0) share.about += ", ran " + utc_time(sweep.time);
    for (const Identity& stage : each_of(sweep))
      if (auto found = there.find(stage); found != there.end()) {
        share.here.add(found->second);
        if (planned[stage] == 1) share.alone.add(found->second);
      }
    use.sweeps.push_back(std::move(share));
  }
  for (const auto& [stage, amount] : there)
    if (!planned.count(stage)) use.unplanned.add(amount);
  return use;
}

std::string kinds_text(const std::vector<store::Inventory::Run>& runs) {
  std::string text;
  for (const auto& [kind, entry] : by_kind(runs))
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", entry.amount.files,
                        kind.empty() ? "not readable" : printable(kind), byte_size(entry.amount.bytes));
  return text;
}

std::string store_text(const StoreUse& use) {
  const store::Inventory& all = use.inventory;
  store::Amount total = all.total();
  std::string text =
      fmt::format("{}: {} in {}\n", printable(use.root), byte_size(total.bytes), counted(total.files, "file"));
  auto part = [&](const char* name, const store::Amount& amount, const char* words) {
    if (amount.files)
      text += fmt::format("  {:13} {:>7}  {:>9}{}{}\n", name, amount.files, byte_size(amount.bytes), *words ? "  " : "",
                          words);
  };
  text += "\nwhat lies there\n";
  part("run files", runs_of(all), "");
  part("checkpoints", checkpoints_of(all), "of stages that are not done");
  part("table.h5", all.table, "made anew by `winnow pack`");
  part("damaged", all.damaged, "set aside by fsck and by commits; nothing reads them");
  part("journal", all.journal, "");
  part("reports", all.reports, "");
  part("being written", all.being_written, "");
  part("leftovers", all.leftovers, "of killed processes: `winnow fsck` removes them");
  part("others", all.others, "");
  if (!all.runs.empty()) text += "\nrun files by the kind of their stage\n";
  for (const auto& [kind, entry] : by_kind(all.runs))
    text += fmt::format("  {:13} {:>7}  {:>9}{}\n", kind.empty() ? "not readable" : printable(kind), entry.amount.files,
                        byte_size(entry.amount.bytes), arrays_text(entry));
  if (!all.runs.empty() || !all.checkpoints.empty()) {
    text += "\nby sweep\n";
    std::size_t wide = 14;
    for (const SweepShare& sweep : use.sweeps) wide = std::max(wide, std::min<std::size_t>(sweep.name.size(), 40));
    for (const SweepShare& sweep : use.sweeps)
      text += fmt::format("  {:{}} {:>6}  {:>9}  {} of it of no other sweep; {}\n", printable(sweep.name), wide,
                          sweep.here.files, byte_size(sweep.here.bytes), byte_size(sweep.alone.bytes),
                          printable(sweep.about));
    if (use.unplanned.files || use.sweeps.empty())
      text += fmt::format("  {:{}} {:>6}  {:>9}{}\n", "no known sweep", wide, use.unplanned.files,
                          byte_size(use.unplanned.bytes), use.sweeps.empty() ? "  name sweeps with --sweep FILE" : "");
  }
  for (const Path& link : all.links)
    text += fmt::format("note: {} is a link: what lies behind it is not counted\n", printable(link.string()));
  constexpr std::size_t kMost = 5;
  std::size_t faults = 0;
  for (const auto& run : all.runs)
    if (!run.fault.empty() && ++faults <= kMost) text += fmt::format("note: {}\n", printable(run.fault));
  if (faults > kMost) text += fmt::format("note: and {} more that cannot be read\n", faults - kMost);
  for (const std::string& note : use.notes) text += fmt::format("note: {}\n", printable(note));
  return text;
}

Value store_json(const StoreUse& use) {
  const store::Inventory& all = use.inventory;
  Value kinds = Value::object(), sweeps = Value::array(), links = Value::array(), faults = Value::array();
  for (const auto& [kind, entry] : by_kind(all.runs)) {
    if (kind.empty()) continue;
    kinds[kind] = amount_json(entry.amount);
    kinds[kind]["arrays"] = entry.arrays;
  }
  for (const SweepShare& sweep : use.sweeps)
    sweeps.push_back({{"sweep", sweep.name},
                      {"about", sweep.about},
                      {"planned", sweep.planned},
                      {"here", amount_json(sweep.here)},
                      {"alone", amount_json(sweep.alone)}});
  for (const Path& link : all.links) links.push_back(link.string());
  for (const auto& run : all.runs)
    if (!run.fault.empty())
      faults.push_back({{"identity", run.identity.hex()}, {"bytes", run.bytes}, {"why", run.fault}});
  return {{"store", use.root},
          {"total", amount_json(all.total())},
          {"runs", amount_json(runs_of(all))},
          {"checkpoints", amount_json(checkpoints_of(all))},
          {"table", amount_json(all.table)},
          {"damaged", amount_json(all.damaged)},
          {"journal", amount_json(all.journal)},
          {"reports", amount_json(all.reports)},
          {"being_written", amount_json(all.being_written)},
          {"leftovers", amount_json(all.leftovers)},
          {"others", amount_json(all.others)},
          {"kinds", kinds},
          {"sweeps", sweeps},
          {"unplanned", amount_json(use.unplanned)},
          {"unreadable", faults},
          {"links", links},
          {"notes", use.notes}};
}

}  // namespace winnow::cmd
