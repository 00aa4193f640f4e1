#include "winnow/store/store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "has_run.h"
#include "names_in.h"
#include "temporary_name.h"
#include "user_block.h"
#include "winnow/core/error.h"
#include "winnow/core/move_aside.h"
#include "winnow/store/listed_runs.h"

namespace winnow::store {

namespace fs = std::filesystem;

Store::Store(Path root, std::vector<Path> references) : root_(std::move(root)), references_(std::move(references)) {}

Path Store::run_path(const Identity& identity) const {
  std::string name = identity.hex();
  return root_ / "runs" / name.substr(0, 2) / (name + ".h5");
}

Path Store::temporary_path(const Identity& identity, int attempt) const {
  Path path = run_path(identity);
  make_folders(path.parent_path());
  return path.parent_path() / temporary_name(identity.hex(), attempt);
}

std::optional<Path> Store::find(const Identity& identity, bool verify) const {
  std::string name = identity.hex();
  std::vector<Path> roots{root_};
  roots.insert(roots.end(), references_.begin(), references_.end());
  for (const Path& root : roots)
    if (Path path = root / "runs" / name.substr(0, 2) / (name + ".h5"); has_run(path, identity, verify)) return path;
  return std::nullopt;
}

Path Store::set_aside(const Path& file, std::string_view reason) const {
  Path folder = root_ / "damaged";
  make_folders(folder);
  std::string name = file.filename().string();
  name.erase(0, name.find_first_not_of('.'));
  for (int n = 0;; ++n) {
    Path to = folder / fmt::format("{}.{}.{}", name, reason, n);
    if (!move_aside(file, to)) continue;
    sync_folder(folder);
    return to;
  }
}

std::vector<Path> Store::runs() const {
  std::vector<Path> found;
  for (const std::string& folder : names_in(root_ / "runs"))
    for (const std::string& name : names_in(root_ / "runs" / folder))
      if (Path path = root_ / "runs" / folder / name; path.extension() == ".h5" && name.front() != '.')
        found.push_back(std::move(path));
  return found;
}

Store::Check Store::fsck() {
  Check result;
  for (const Path& path : runs()) {
    try {
      if (verify_run_file(path).identity.hex() != path.stem().string())
        throw DataError(fmt::format("run file {} holds another stage than its name says", path.string()));
      ++result.verified;
    } catch (const DataError& error) {
      result.damaged.push_back({path, error.what(), set_aside(path, "damaged")});
    }
  }
  std::error_code absent;
  for (const auto& file : fs::recursive_directory_iterator(root_ / "runs", absent))
    if (file.is_regular_file() && writer_is_gone(file.path())) result.leftovers += fs::remove(file.path());
  result.checkpoints = remove_finished_checkpoints();  // after damaged files are set aside: their stages are not done
  return result;
}

Path Store::checkpoint_path(const Identity& identity) const { return root_ / "checkpoints" / identity.hex(); }

std::size_t Store::remove_finished_checkpoints() const {
  ListedRuns results(*this);
  std::vector<Path> finished;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(root_ / "checkpoints", absent)) try {
      if (results.find(Identity::parse(entry.path().filename().string()))) finished.push_back(entry.path());
    } catch (const DataError&) {  // another program's file
    }
  std::size_t removed = 0;
  for (const Path& path : finished) {
    std::error_code failed;
    fs::remove_all(path, failed);
    removed += !failed;
  }
  return removed;
}

}  // namespace winnow::store
