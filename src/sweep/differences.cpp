#include "differences.h"

#include <algorithm>
#include <set>

namespace winnow::sweep {

void Differences::add(Resolved& resolved, const std::map<std::string, Slot>& slots) {
  Effective& effective = resolved.effective;
  for (int key = 0; key < effective.schema().size(); ++key) {
    const Value* value = effective.value(key);
    if (!value) continue;
    const std::string& name = effective.schema()[key].key->key;
    Seen& seen = seen_[name];
    seen.plain = seen.plain || (effective.level(key) >= Level::base && !effective.is_reference(key));
    auto see = [&](const Value& one) {
      if (std::find(seen.values.begin(), seen.values.end(), one) == seen.values.end()) seen.values.push_back(one);
    };
    auto slot = slots.find(name);
    if (slot == slots.end() || slot->second.values.empty()) see(*value);
    // Seen already: a slot's rows are the same for all shapes of a grid, unless a reference types them differently.
    else if (seen.rows != slot->second.values) {
      for (const Value& row : slot->second.values) see(row);
      seen.rows = slot->second.values;
    }
  }
}

std::vector<std::string> Differences::axes(const SweepFile& sweep) const {
  std::vector<std::string> result;
  std::set<std::string> done;
  for (const Written* setting : sweep.all()) {
    auto found = seen_.find(setting->key);
    if (found != seen_.end() && found->second.values.size() > 1 && found->second.plain &&
        done.insert(setting->key).second)
      result.push_back(setting->key);
  }
  return result;
}

}  // namespace winnow::sweep
