#include "winnow/store/listed_runs.h"

#include <algorithm>

#include "names_in.h"

namespace winnow::store {

namespace {

std::vector<std::string> names_of(const Store& store, const std::string& folder) {
  std::vector<std::string> names = names_in(store.root() / "runs" / folder);
  for (const Path& reference : store.references()) {
    std::vector<std::string> more = names_in(reference / "runs" / folder);
    names.insert(names.end(), more.begin(), more.end());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::optional<Path> ListedRuns::find(const Identity& identity, bool verify) {
  const std::string name = store_.run_path(identity).filename().string(), folder = name.substr(0, 2);
  auto read = names_.find(folder);
  if (read == names_.end()) read = names_.emplace(folder, names_of(store_, folder)).first;
  if (!std::ranges::binary_search(read->second, name)) return std::nullopt;
  return store_.find(identity, verify);
}

}  // namespace winnow::store
