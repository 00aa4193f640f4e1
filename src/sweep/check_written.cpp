#include "check_written.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "declared_key.h"
#include "unknown_key.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

enum class Context { setting, axis, condition };

std::string hint_for(const Key& key, const Value& value, Context context) {
  bool list = key.type == Declaration::Type::reals;
  if (context == Context::setting && value.is_array() && !list)
    return "; an array of values is an axis and belongs in a [[grid]]";
  if (context == Context::axis && !value.is_array() && list)
    return "; in a grid an array-valued setting is nested once: [[...], [...]]";
  return "";
}

// The presets are chosen by these, so they must stand there in words.
bool chooses_presets(const std::string& key) {
  return key == "method" || key == "dataset" || key == "model" || key == "profile";
}

std::set<std::string> named_methods(const SweepFile& sweep) {
  std::set<std::string> result;
  auto look = [&](const std::vector<Written>& settings) {
    for (const Written& setting : settings)
      if (setting.key == "method" && setting.value.is_string()) result.insert(setting.value.get<std::string>());
  };
  look(sweep.base);
  for (const Grid& grid : sweep.grids) {
    look(grid.fixed);
    for (const Axis& axis : grid.axes)
      for (const Row& row : axis.rows) look(row);
  }
  for (const Override& entry : sweep.overrides) look(entry.set);
  look(sweep.sets);
  return result;
}

class Values {
 public:
  // Methods may declare one key differently. What a value may be is what the sweep's own methods say, if any does.
  Values(const Known& known, const SweepFile& sweep, const Catalogue& catalogue) : known_(known) {
    std::set<std::string> named = named_methods(sweep);
    for (const auto& [name, method] : catalogue.methods)
      if (named.count(name))
        for (const Key& key : method.keys) own_[key.key].push_back(&key);
  }

  void check(const std::string& key, const Value& value, const Place& place, Context context) const {
    auto found = known_.find(key);
    if (found == known_.end()) throw unknown_key(known_, key, place);
    if (std::string other = referred_key(value); !other.empty()) {
      if (context == Context::condition || chooses_presets(key))
        throw UsageError(fmt::format("{}: {}: a reference (\"={}\") cannot stand here", place.text(), key, other));
      if (!known_.count(other)) throw unknown_key(known_, other, place);
      return;
    }
    auto own = own_.find(key);
    std::string refused;
    for (const Key* declaration : own == own_.end() ? found->second : own->second) try {
        declaration->check(value);
        return;
      } catch (const UsageError& error) {
        if (refused.empty())
          refused =
              fmt::format("{}: {}: {}{}", place.text(), key, error.what(), hint_for(*declaration, value, context));
      }
    throw UsageError(refused);
  }

 private:
  const Known& known_;
  Known own_;
};

}  // namespace

void check_written(const SweepFile& sweep, const Catalogue& catalogue) {
  Known known = known_keys(catalogue);
  Values values(known, sweep, catalogue);
  auto check = [&](const std::vector<Written>& settings, Context context) {
    for (const Written& setting : settings) values.check(setting.key, setting.value, setting.place, context);
  };
  auto check_conditions = [&](const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
      if (condition.any.empty())
        throw UsageError(fmt::format("{}: {}: no value to compare with", condition.place.text(), condition.key));
      for (const Value& value : condition.any) values.check(condition.key, value, condition.place, Context::condition);
    }
  };
  check(sweep.base, Context::setting);
  for (const Grid& grid : sweep.grids) {
    check(grid.fixed, Context::axis);
    for (const Axis& axis : grid.axes)
      for (const Row& row : axis.rows) check(row, Context::axis);
  }
  for (const Override& entry : sweep.overrides) {
    check_conditions(entry.when);
    check(entry.set, Context::setting);
  }
  for (const Exclude& entry : sweep.excludes) check_conditions(entry.when);
  for (const Claim& claim : sweep.claims) {
    for (const auto* conditions : {&claim.better, &claim.worse, &claim.where}) check_conditions(*conditions);
    for (const auto* spread : {&claim.spread, &claim.below})
      if (*spread) {
        if (!known.count((*spread)->over)) throw unknown_key(known, (*spread)->over, (*spread)->place);
        check_conditions((*spread)->where);
      }
  }
  check(sweep.sets, Context::setting);
}

}  // namespace winnow::sweep
