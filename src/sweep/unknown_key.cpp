#include "unknown_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace winnow::sweep {

Known known_keys(const Catalogue& catalogue) {
  Known known;
  for (const Key& key : catalogue.common) known[key.key].push_back(&key);
  for (const auto& [name, method] : catalogue.methods)
    for (const Key& key : method.keys) known[key.key].push_back(&key);
  return known;
}

UsageError unknown_key(const Known& known, const std::string& key, const Place& place) {
  std::vector<std::string> names, members;
  std::string group = key.substr(0, key.find('.'));
  bool group_exists = false;
  for (const auto& [name, declarations] : known) {
    names.push_back(name);
    if (name.rfind(key + ".", 0) == 0) members.push_back(name);
    group_exists = group_exists || name.rfind(group + ".", 0) == 0;
    if (std::size_t dot = name.find('.'); dot != std::string::npos) names.push_back(name.substr(0, dot));
  }
  std::string hint = did_you_mean(key, names);
  if (!members.empty()) hint = fmt::format(": it is a table, with {}", fmt::join(members, ", "));
  else if (hint.empty() && group != key && !group_exists)
    hint = fmt::format(": there is neither a group of settings nor an earlier stage of a recipe called '{}'", group);
  return UsageError(fmt::format("{}: unknown key '{}'{}", place.text(), key, hint));
}

}  // namespace winnow::sweep
