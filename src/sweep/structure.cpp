#include "structure.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "declared_key.h"

namespace winnow::sweep {

namespace {

class Analysis {
 public:
  Analysis(const SweepFile& sweep, const Catalogue& catalogue) {
    shaping_ = {"method", "dataset", "model", "profile", "width"};
    declared(catalogue.common);
    for (const auto& [name, method] : catalogue.methods) {
      declared(method.keys);
      for (const auto& [profile, values] : method.profiles) preset(values);
      for (const auto& [dataset, values] : method.datasets) preset(values);
      for (const Case& each : method.cases) {
        for (const auto& [key, any] : each.when) shaping_.insert(key);
        preset(each.set);
      }
      if (!method.variant) continue;
      preset(method.variant->settings);
      for (const auto& [profile, values] : method.variant->profiles) preset(values);
      for (const auto& [dataset, values] : method.variant->datasets) preset(values);
    }
    for (const auto& [name, model] : catalogue.models) {
      preset(model.settings);
      for (const Conditional& recipe : model.recipes) preset(recipe.set);
      for (const auto& [dataset, values] : model.datasets) preset(values);
    }
    for (const auto& [name, dataset] : catalogue.datasets) {
      preset(dataset.settings);
      for (const Conditional& recipe : dataset.recipes) preset(recipe.set);
    }
    for (const Written* setting : sweep.all()) refer(setting->key, setting->value);
    for (const Override& entry : sweep.overrides) ask(entry.when);
    for (const Exclude& entry : sweep.excludes) ask(entry.when);
    close();
  }

  bool structural(const Axis& axis) const {
    auto keys = [](const Row& row) {
      std::set<std::string> result;
      for (const Written& setting : row) result.insert(setting.key);
      return result;
    };
    std::set<std::string> first = keys(axis.rows.front());
    return std::any_of(axis.rows.begin(), axis.rows.end(), [&](const Row& row) {
      // Rows that set different keys leave the others to lower levels.
      return keys(row) != first || std::any_of(row.begin(), row.end(), [&](const Written& setting) {
               // A key whose default is another setting's value: both could vary at once, so one must hold still.
               return shaping_.count(setting.key) || follows_by_default_.count(setting.key) ||
                      !referred_key(setting.value).empty();
             });
    });
  }

 private:
  void declared(const std::vector<Key>& keys) {
    for (const Key& key : keys) {
      for (const auto& [other, any] : key.when) shaping_.insert(other);
      if (!key.fallback) continue;
      refer(key.key, *key.fallback);
      if (!referred_key(*key.fallback).empty()) follows_by_default_.insert(key.key);
    }
  }
  void preset(const Assignments& values) {
    for (const auto& [key, value] : values) refer(key, value);
  }
  void ask(const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) shaping_.insert(condition.key);
  }
  void refer(const std::string& key, const Value& value) {
    if (std::string other = referred_key(value); !other.empty()) references_[key].insert(other);
  }
  // Reading a key reads the keys that it may refer to.
  void close() {
    std::vector<std::string> open(shaping_.begin(), shaping_.end());
    while (!open.empty()) {
      std::string key = open.back();
      open.pop_back();
      for (const std::string& other : references_[key])
        if (shaping_.insert(other).second) open.push_back(other);
    }
  }

  std::set<std::string> shaping_, follows_by_default_;
  std::map<std::string, std::set<std::string>> references_;
};

}  // namespace

std::vector<std::vector<bool>> structural_axes(const SweepFile& sweep, const Catalogue& catalogue) {
  Analysis analysis(sweep, catalogue);
  std::vector<std::vector<bool>> result;
  for (const Grid& grid : sweep.grids) {
    result.emplace_back();
    for (const Axis& axis : grid.axes) result.back().push_back(analysis.structural(axis));
  }
  return result;
}

}  // namespace winnow::sweep
