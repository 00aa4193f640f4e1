// How a finished stage's file gets its name in the store: verified, synced, renamed without replacing anything.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "user_block.h"
#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"
#include "winnow/store/run_file.h"
#include "winnow/store/store.h"

namespace winnow::store {

namespace fs = std::filesystem;

namespace {

// All of a file system at once. Above this many files it is cheaper than a sync for each: each costs a flush of the
// device's cache (0.4 ms measured on an idle virtual disk, ten times that on a busy one) even when there is nothing
// left to write.
constexpr std::size_t kFewFiles = 3;

void sync_file_system(const Path& path) {
  int fd = open_existing(path.c_str(), O_RDONLY);
  if (fd < 0) throw DeviceError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  int outcome = ::syncfs(fd);
  int reason = errno;
  ::close(fd);
  if (outcome != 0)
    throw DeviceError(fmt::format("cannot sync the file system of {}: {}", path.string(), std::strerror(reason)));
}

}  // namespace

Commit Store::commit(const Path& temporary, const Identity& identity) {
  return commit_group({{temporary, identity}}).front().outcome;
}

// Contents first, then names: a name must never lead to a file that is not there yet. Syncing a file that its writer
// has synced already costs little, so one path serves both.
std::vector<Committed> Store::commit_group(const std::vector<Pending>& group) {
  for (const Pending& file : group) verify_identity(file.temporary, file.identity);
  bool together = group.size() > kFewFiles;
  if (together) sync_file_system(root_);
  else
    for (const Pending& file : group) sync_file(file.temporary);
  std::vector<Committed> outcomes;
  for (const Pending& file : group) outcomes.push_back(place(file));
  if (together) sync_file_system(root_);
  else
    for (const Pending& file : group) sync_folder(file.temporary.parent_path());
  return outcomes;
}

Committed Store::place(const Pending& file) {
  Path final = run_path(file.identity);
  if (rename_without_replacing(file.temporary, final)) return {Commit::committed, {}};
  std::string why;
  try {
    UserBlock there = verify_identity(final, file.identity);
    if (there.result_digest == verify_bytes(file.temporary).result_digest) {
      fs::remove(file.temporary);
      return {Commit::already_there, {}};
    }
    RunContent own = read_run_file(file.temporary, /*arrays=*/false);
    why = own.stage.settings.has("deterministic")
              ? "its method, a program, says that it is not deterministic"
              : reasons_to_differ(own.provenance, verify_run_file(final).provenance);
  } catch (const DataError&) {
    set_aside(final, "damaged");  // what lay there counts as absent
    if (rename_without_replacing(file.temporary, final)) return {Commit::committed, {}};
    throw DeviceError(fmt::format("cannot commit {}: another writer is at work in this store", final.string()));
  }
  if (!why.empty()) {
    fs::remove(file.temporary);
    return {Commit::differs, why};
  }
  set_aside(file.temporary, "conflict");
  return {Commit::conflict, {}};
}

}  // namespace winnow::store
