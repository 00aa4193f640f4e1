#include "slots.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/stage/canonical_form.h"

namespace winnow::sweep {

namespace {

// A key's value in one row of the axis that its chain of references ends at.
Value value_in(const Schema& schema, const std::vector<int>& chain, const Row& row) {
  const std::string& name = schema[chain.back()].key->key;
  auto written = std::find_if(row.begin(), row.end(), [&](const Written& setting) { return setting.key == name; });
  Value value = written->value;
  for (auto key = chain.rbegin(); key != chain.rend(); ++key) try {
      value = schema[*key].key->check(value);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}: {}", written->place.text(), schema[*key].key->key, error.what()));
    }
  return value;
}

}  // namespace

std::vector<std::string> Slot::fragments_as(const std::string& key, const std::string& name) const {
  std::vector<std::string> result;
  std::size_t quoted = Value(key).dump().size();
  for (const std::string& own : fragments) result.push_back(own.empty() ? "" : Value(name).dump() + own.substr(quoted));
  return result;
}

std::map<std::string, Slot> slots_of(Resolved& resolved, const Grid& grid, const std::vector<bool>& structural) {
  std::map<std::string, Slot> slots;
  Effective& effective = resolved.effective;
  const Schema& schema = effective.schema();
  auto free_axis = [&](const std::vector<int>& chain) {
    int axis = chain.empty() ? -1 : effective.axis(chain.back());
    return axis >= 0 && !structural[static_cast<std::size_t>(axis)] ? axis : -1;
  };
  for (int key = 0; key < schema.size(); ++key) {
    if (!effective.active(key)) continue;
    std::vector<int> chain = effective.chain(key), default_chain;
    if (int other = effective.default_of(key); other >= 0 && effective.value(other))
      default_chain = effective.chain(other);
    int axis = free_axis(chain), default_axis = free_axis(default_chain);
    if (axis < 0 && default_axis < 0) continue;
    if (axis >= 0 && default_axis >= 0 && axis != default_axis)
      throw InternalError(fmt::format("{} and its default vary with two free axes", schema[key].key->key));
    Slot slot{std::max(axis, default_axis), {}, {}};
    for (const Row& row : grid.axes[static_cast<std::size_t>(slot.axis)].rows) {
      Value value = axis >= 0 ? value_in(schema, chain, row) : *effective.value(key);
      std::optional<Value> declared =
          default_axis >= 0 ? value_in(schema, default_chain, row) : effective.declared(key);
      slot.fragments.push_back(declared && *declared == value ? ""
                                                              : CanonicalForm::fragment(schema[key].key->key, value));
      if (axis >= 0) slot.values.push_back(std::move(value));
    }
    slots.emplace(schema[key].key->key, std::move(slot));
  }
  return slots;
}

}  // namespace winnow::sweep
