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
    auto [found, fresh] = seen_.try_emplace(name, Seen{*value});
    Seen& seen = found->second;
    seen.plain = seen.plain || (effective.level(key) >= Level::base && !effective.is_reference(key));
    if (seen.varies) continue;
    auto differs = [&](const Value& other) { return other != seen.first; };
    auto slot = slots.find(name);
    seen.varies = slot == slots.end() || slot->second.values.empty()
                      ? differs(*value)
                      : std::any_of(slot->second.values.begin(), slot->second.values.end(), differs);
  }
}

std::vector<std::string> Differences::axes(const SweepFile& sweep) const {
  std::vector<std::string> result;
  std::set<std::string> done;
  for (const Written* setting : sweep.all()) {
    auto found = seen_.find(setting->key);
    if (found != seen_.end() && found->second.varies && found->second.plain && done.insert(setting->key).second)
      result.push_back(setting->key);
  }
  return result;
}

}  // namespace winnow::sweep
