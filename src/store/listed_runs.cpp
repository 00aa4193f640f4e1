#include "winnow/store/listed_runs.h"

#include <filesystem>

namespace winnow::store {

namespace {

std::set<std::string> names_in(const Store& store, const std::string& folder) {
  std::set<std::string> names;
  auto read = [&](const Path& root) {
    std::error_code code;
    std::filesystem::directory_iterator at(root / "runs" / folder, code), end;
    for (; !code && at != end; at.increment(code)) names.insert(at->path().filename().string());
  };
  read(store.root());
  for (const Path& reference : store.references()) read(reference);
  return names;
}

}  // namespace

std::optional<Path> ListedRuns::find(const Identity& identity, bool verify) {
  const std::string name = store_.run_path(identity).filename().string(), folder = name.substr(0, 2);
  auto read = names_.find(folder);
  if (read == names_.end()) read = names_.emplace(folder, names_in(store_, folder)).first;
  return read->second.count(name) ? store_.find(identity, verify) : std::nullopt;
}

}  // namespace winnow::store
