#include "check_presets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "declared_key.h"
#include "other_splits.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

// Keys by name: several where methods declare one key differently.
using Declared = std::unordered_map<std::string, std::vector<const Key*>>;

void add(Declared& declared, const std::vector<Key>& keys) {
  for (const Key& key : keys) declared[key.key].push_back(&key);
}

class Values {
 public:
  // `own`: keys of one method, or of all; `labels`: settings labels.* exist.
  Values(const Declared& common, const Declared& own, bool labels = true)
      : common_(common), own_(own), labels_(labels) {}

  void check(const Assignments& values, const std::string& entry, const Preset& preset) const {
    for (const auto& [key, value] : values) check(key, value, preset.place(entry + "." + key), entry);
  }

 private:
  const std::vector<const Key*>* find(const std::string& key) const {
    if (auto found = own_.find(key); found != own_.end()) return &found->second;
    auto found = common_.find(key);
    return found == common_.end() || (!labels_ && key.starts_with("labels.")) ? nullptr : &found->second;
  }

  void check(const std::string& key, const Value& value, const std::string& place, const std::string& entry) const {
    for (const char* chooser : {"method", "dataset", "model", "profile"})
      if (key == chooser)
        throw UsageError(
            fmt::format("{}: {} sets {}, by which presets are chosen: only a sweep can", place, entry, key));
    const std::vector<const Key*>* declarations = require(key, place, entry);
    if (std::string other = referred_key(value); !other.empty()) {
      require(other, place, entry);
      return;
    }
    std::string refused;
    for (const Key* declaration : *declarations) try {
        declaration->check(value);
        return;
      } catch (const UsageError& error) {
        if (refused.empty()) refused = error.what();
      }
    throw UsageError(fmt::format("{}: {}: {}", place, key, refused));
  }

  const std::vector<const Key*>* require(const std::string& key, const std::string& place,
                                         const std::string& entry) const {
    if (const auto* found = find(key)) return found;
    std::vector<std::string> known;
    for (const Declared* declared : {&common_, &own_})
      for (const auto& [name, keys] : *declared) known.push_back(name);
    std::sort(known.begin(), known.end());
    throw UsageError(fmt::format("{}: {}: unknown key '{}'{}", place, entry, key, did_you_mean(key, known)));
  }

  const Declared& common_;
  const Declared& own_;
  bool labels_;
};

class Check {
 public:
  explicit Check(const Catalogue& catalogue) : catalogue_(catalogue) {
    add(common_, catalogue.common);
    for (const auto& [name, method] : catalogue.methods) add(any_, method.keys);
    for (const Key& key : catalogue.common)
      if (key.key == "profile" || key.key == "labels.kind") words_[key.key] = key.words;
    for (const auto& [name, method] : catalogue.methods)
      if (!method.variant) words_["method"].push_back(name);
  }

  void all() const {
    for (const auto* methods : {&catalogue_.methods, &catalogue_.parts})
      for (const auto& [name, method] : *methods) check(method);
    for (const auto& [name, model] : catalogue_.models) {
      Values values(common_, none_);
      values.check(model.settings, "settings", model);
      check(Values(common_, any_), model.recipes, model);
      check(values, model.datasets, "datasets", model);
    }
    // Common keys, and keys of some methods: they are set where the method has them (Effective).
    for (const auto& [name, dataset] : catalogue_.datasets) {
      Values values(common_, any_);
      values.check(dataset.settings, "settings", dataset);
      check(values, dataset.recipes, dataset);
      check_further_tests(dataset);
      check_validation_split(dataset);
    }
  }

 private:
  void check(const Method& method) const {
    Declared own;
    add(own, method.keys);
    Values values(common_, own, method.labels != LabelNeed::none);
    if (method.variant) {
      values.check(method.variant->settings, "settings", method);
      check(values, method.variant->profiles, "profiles", method);
      check(values, method.variant->datasets, "datasets", method);
      return;  // the rest is another preset's
    }
    check(values, method.profiles, "profiles", method);
    check(values, method.datasets, "datasets", method);
    for (std::size_t i = 0; i < method.cases.size(); ++i) {
      const auto& [when, set] = method.cases[i];
      const std::string entry = fmt::format("cases.{}.when", i);
      if (when.empty())
        throw UsageError(
            fmt::format("{}: when names no key: what always holds belongs in [profiles]", method.place(entry)));
      for (const auto& [key, any] : when) {
        if (any.empty())
          throw UsageError(fmt::format("{}: when.{} is a list without a value: the case would never hold",
                                       method.place(entry + "." + key), key));
        for (const Value& value : any) values.check(Assignments{{key, value}}, entry, method);
      }
      values.check(set, fmt::format("cases.{}.set", i), method);
    }
    // As conditions of recipes: what no experiment can have would never be said.
    for (std::size_t i = 0; i < method.departures.size(); ++i)
      values.check(method.departures[i].when, fmt::format("departures.{}.when", i), method);
  }

  void check_validation_split(const Dataset& dataset) const {
    std::string name = validation_split(dataset);
    if (name.empty()) return;
    std::string place = dataset.place("validation_split");
    std::vector<std::string> known;
    for (const auto& [other, preset] : catalogue_.datasets)
      if (other != dataset.name && is_test_only(preset)) known.push_back(other);
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(fmt::format("{}: validation_split: {} is no data set of test images alone (test_only){}", place,
                                   name, did_you_mean(name, known)));
    std::int64_t own = dataset.classes, theirs = catalogue_.datasets.at(name).classes;
    if (own && theirs && own != theirs)
      throw UsageError(
          fmt::format("{}: validation_split: {} has {} classes, {} has {}", place, name, theirs, dataset.name, own));
  }

  void check_further_tests(const Dataset& dataset) const {
    std::vector<std::string> known;
    for (const auto& [name, other] : catalogue_.datasets)
      if (name != dataset.name) known.push_back(name);
    for (const std::string& name : further_tests(dataset)) {
      std::string place = dataset.place("further_tests");
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw UsageError(
            fmt::format("{}: further_tests: {} is no other data set{}", place, name, did_you_mean(name, known)));
      std::int64_t own = dataset.classes, theirs = catalogue_.datasets.at(name).classes;
      if (own && theirs && own != theirs)
        throw UsageError(
            fmt::format("{}: further_tests: {} has {} classes, {} has {}", place, name, theirs, dataset.name, own));
    }
  }

  // A condition on a word that does not exist would never hold, and nobody would be told.
  void check(const Values& values, const std::vector<Conditional>& recipes, const Preset& preset) const {
    for (std::size_t i = 0; i < recipes.size(); ++i) {
      for (const auto& [key, word] : recipes[i].when) {
        auto known = words_.find(key);
        if (known == words_.end()) continue;  // system: read_preset knows them
        if (std::find(known->second.begin(), known->second.end(), word) == known->second.end())
          throw UsageError(fmt::format("{}: when.{} must be one of {}, it is '{}'{}",
                                       preset.place(fmt::format("recipes.{}.when.{}", i, key)), key,
                                       fmt::join(known->second, ", "), word, did_you_mean(word, known->second)));
      }
      values.check(recipes[i].set, fmt::format("recipes.{}.set", i), preset);
    }
  }

  void check(const Values& values, const std::map<std::string, Assignments>& tables, const std::string& entry,
             const Preset& preset) const {
    std::vector<std::string> known = entry == "profiles" ? words_.at("profile") : std::vector<std::string>{};
    if (entry == "datasets")
      for (const auto& [name, dataset] : catalogue_.datasets) known.push_back(name);
    for (const auto& [name, assigned] : tables) {
      std::string path = entry + "." + name;
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw UsageError(fmt::format("{}: {} is no {}{}; known: {}", preset.place(path), path,
                                     entry == "datasets" ? "data set" : "profile", did_you_mean(name, known),
                                     fmt::join(known, ", ")));
      values.check(assigned, path, preset);
    }
  }

  const Catalogue& catalogue_;
  Declared common_, any_, none_;
  std::map<std::string, std::vector<std::string>> words_;  // of the keys that conditions and profiles name
};

}  // namespace

void check_presets(const Catalogue& catalogue) { Check(catalogue).all(); }

}  // namespace winnow::sweep
