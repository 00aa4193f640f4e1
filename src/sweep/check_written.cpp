#include "check_written.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

void check_value(const Known& known, const std::string& key, const Value& value, const Place& place, Context context) {
  auto found = known.find(key);
  if (found == known.end()) throw unknown_key(known, key, place);
  if (std::string other = referred_key(value); !other.empty()) {
    if (context == Context::condition || chooses_presets(key))
      throw UsageError(fmt::format("{}: {}: a reference (\"={}\") cannot stand here", place.text(), key, other));
    if (!known.count(other)) throw unknown_key(known, other, place);
    return;
  }
  std::string refused;
  for (const Key* declaration : found->second) try {
      declaration->check(value);
      return;
    } catch (const UsageError& error) {
      if (refused.empty())
        refused = fmt::format("{}: {}: {}{}", place.text(), key, error.what(), hint_for(*declaration, value, context));
    }
  throw UsageError(refused);
}

}  // namespace

void check_written(const SweepFile& sweep, const Catalogue& catalogue) {
  Known known = known_keys(catalogue);
  auto check = [&](const std::vector<Written>& settings, Context context) {
    for (const Written& setting : settings) check_value(known, setting.key, setting.value, setting.place, context);
  };
  auto check_conditions = [&](const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
      if (condition.any.empty())
        throw UsageError(fmt::format("{}: {}: no value to compare with", condition.place.text(), condition.key));
      for (const Value& value : condition.any)
        check_value(known, condition.key, value, condition.place, Context::condition);
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
