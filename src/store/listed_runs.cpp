#include "winnow/store/listed_runs.h"

#include <algorithm>

#include "has_run.h"
#include "names_in.h"

namespace winnow::store {

ListedRuns::ListedRuns(const Store& store) {
  roots_.push_back({store.root() / "runs", {}, {}});
  for (const Path& reference : store.references()) roots_.push_back({reference / "runs", {}, {}});
  for (Root& root : roots_) root.folders = names_in(root.folder);
}

bool ListedRuns::Root::lists(const std::string& folder, const std::string& name) {
  if (!std::ranges::binary_search(folders, folder)) return false;
  auto read = names.find(folder);
  if (read == names.end()) read = names.emplace(folder, names_in(this->folder / folder)).first;
  return std::ranges::binary_search(read->second, name);
}

std::optional<Path> ListedRuns::find(const Identity& identity, bool verify) {
  const std::string name = identity.hex(), folder = name.substr(0, 2), file = name + ".h5";
  for (Root& root : roots_)
    if (root.lists(folder, file))
      if (Path path = root.folder / folder / file; has_run(path, identity, verify)) return path;
  return std::nullopt;
}

}  // namespace winnow::store
