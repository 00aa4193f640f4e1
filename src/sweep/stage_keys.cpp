#include "stage_keys.h"

#include <fmt/format.h>

#include <set>

#include "declared_key.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

class StageTable {
 public:
  StageTable(const Method& owner, const std::string& stage, const std::vector<std::string>& methods,
             const Catalogue& catalogue)
      : owner_(owner), stage_(stage), method_key_(stage + ".method"), catalogue_(catalogue) {
    for (const Key& key : catalogue.common) (key.shared ? shared_ : own_).insert(key.key);
    for (const std::string& name : methods) {
      if (!catalogue.methods.count(name) && !catalogue.parts.count(name))
        throw UsageError(fmt::format("{}: stages.{} names the unknown method '{}'", owner.source, stage, name));
      methods_.push_back(&catalogue.method(name));
    }
  }

  std::vector<Key> keys() {
    add_method_key();
    for (const Key& key : catalogue_.common)
      if (!key.shared) add_inherited(key);
    for (const Method* method : methods_)
      for (const Key& key : method->keys) add_own(key, *method);
    return std::move(keys_);
  }

 private:
  std::string inside(const std::string& key) const { return shared_.count(key) ? key : stage_ + "." + key; }
  Value inside(const Value& value) const {
    std::string other = referred_key(value);
    return other.empty() ? value : Value("=" + inside(other));
  }

  void add_method_key() {
    Key key;
    key.key = method_key_;
    key.type = Declaration::Type::text;
    for (const Method* method : methods_) key.words.push_back(method->name);
    if (key.words.size() == 1) key.fallback = key.words.front();
    key.help = "what this stage runs";
    key.always_written = true;
    keys_.push_back(std::move(key));
  }

  // A stage that trains nothing has a model and nothing else.
  void add_inherited(const Key& outer) {
    std::vector<Value> trained;  // the methods that have it
    for (const Method* method : methods_)
      if (method->recipe == "train" && method->has_common(outer.key, outer.shared)) trained.push_back(method->name);
    Key key = outer;
    key.key = inside(outer.key);
    key.inherited = owner_.has_common(outer.key, outer.shared);
    std::optional<Value> plain;
    if (outer.fallback) plain = inside(*outer.fallback);
    key.plain = key.inherited ? plain : std::nullopt;
    key.fallback = key.inherited ? Value("=" + outer.key) : plain;
    if (key.help.empty()) key.help = fmt::format("{} of this stage", outer.key);
    key.when = guards(outer);
    if (outer.key != "model") key.when[method_key_] = trained;
    keys_.push_back(std::move(key));
  }

  void add_own(const Key& of_method, const Method& method) {
    Key key = of_method;
    key.key = inside(of_method.key);
    if (own_.count(of_method.key))
      throw UsageError(fmt::format("{}: '{}' is a common key", method.source, of_method.key));
    if (key.fallback) key.fallback = inside(*key.fallback);
    key.when = guards(of_method);
    key.method_key = method_key_;
    for (Key& other : keys_) {
      if (!alike(other, key)) continue;
      other.when[method_key_].push_back(method.name);
      return;
    }
    key.when[method_key_] = {method.name};
    keys_.push_back(std::move(key));
  }

  // One declaration of several methods, their names aside.
  bool alike(const Key& one, const Key& other) const {
    auto conditions = [&](const Key& key) {
      auto result = key.when;
      result.erase(method_key_);
      return result;
    };
    return one.key == other.key && one.type == other.type && one.fallback == other.fallback && one.min == other.min &&
           one.max == other.max && one.above_min == other.above_min && one.below_max == other.below_max &&
           one.words == other.words && one.help == other.help && conditions(one) == conditions(other);
  }

  std::map<std::string, std::vector<Value>> guards(const Key& key) const {
    std::map<std::string, std::vector<Value>> result;
    for (const auto& [other, any] : key.when) result[inside(other)] = any;
    return result;
  }

  const Method& owner_;
  std::string stage_, method_key_;
  const Catalogue& catalogue_;
  std::set<std::string> shared_, own_;
  std::vector<const Method*> methods_;
  std::vector<Key> keys_;
};

}  // namespace

std::vector<Key> stage_keys(const Method& method, const Catalogue& catalogue) {
  std::vector<Key> result;
  for (const auto& [stage, methods] : method.stages)
    for (Key& key : StageTable(method, stage, methods, catalogue).keys()) result.push_back(std::move(key));
  return result;
}

std::map<std::string, std::map<std::string, std::map<std::string, Assignments>>> stage_profiles(
    const Method& owner, const Catalogue& catalogue) {
  std::set<std::string> shared;
  for (const Key& key : catalogue.common)
    if (key.shared) shared.insert(key.key);
  std::map<std::string, std::map<std::string, std::map<std::string, Assignments>>> result;
  for (const auto& [stage, methods] : owner.stages)
    for (const std::string& name : methods) {
      const Method& method = catalogue.method(name);
      if (!method.own_recipe) continue;
      for (const auto& [profile, values] : method.profiles)
        for (const auto& [key, value] : values) {
          if (shared.count(key)) continue;
          if (!referred_key(value).empty())
            throw UsageError(fmt::format("{}: profile {} sets {} = {}: an own_recipe gives plain values", method.source,
                                         profile, key, value.dump()));
          result[stage][name][profile][stage + "." + key] = value;
        }
    }
  return result;
}

}  // namespace winnow::sweep
