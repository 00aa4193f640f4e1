#include "effective.h"

#include <fmt/format.h>

#include <algorithm>

#include "declared_key.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

// The text last assigned to `key`, which no preset sets: method, dataset, model and profile choose the presets.
std::string chosen(std::string_view key, std::span<const Assigned> assigned, std::string_view otherwise = "") {
  for (auto it = assigned.rbegin(); it != assigned.rend(); ++it)
    if (it->written->key == key && it->written->value.is_string()) return it->written->value.get<std::string>();
  return std::string(otherwise);
}

template <class Entry>
const Entry* find(const std::map<std::string, Entry>& entries, const std::string& name) {
  auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

// The preset that says what the method's tables hold: that of the method that a variant is like.
const Preset& declaring(const Method& method, const Catalogue& catalogue) {
  return method.variant ? catalogue.methods.at(method.implementation) : method;
}

// What a variant says, from low to high, and where.
std::vector<std::pair<const Assignments*, std::string>> levels_of(const Method& method, const std::string& profile,
                                                                  const std::string& dataset) {
  if (!method.variant) return {};
  std::vector<std::pair<const Assignments*, std::string>> levels{{&method.variant->settings, "settings"}};
  if (const Assignments* values = find(method.variant->profiles, profile))
    levels.emplace_back(values, "profiles." + profile);
  if (const Assignments* values = find(method.variant->datasets, dataset))
    levels.emplace_back(values, "datasets." + dataset);
  return levels;
}

}  // namespace

Effective::Effective(const Catalogue& catalogue, const Schemas& schemas, std::span<const Assigned> assigned)
    : schema_(&schemas.of(chosen("method", assigned))), settings_(static_cast<std::size_t>(schema_->size())) {
  for (int key = 0; key < schema_->size(); ++key) {
    const Schema::Entry& entry = (*schema_)[key];
    if (entry.key->fallback) at(key).raw = &*entry.key->fallback;
    at(key).source = entry.source;
  }
  std::string dataset = chosen("dataset", assigned), profile = chosen("profile", assigned, "intended");
  const Method* method = schema_->method();
  // A variant is the one preset that may choose what other presets ask for.
  std::vector<std::pair<const Assignments*, std::string>> variant;
  if (method) variant = levels_of(*method, profile, dataset);
  auto chosen_or_varied = [&](const std::string& key) {
    std::string otherwise;
    for (const auto& [values, entry] : variant)
      if (const Value* value = find(*values, key); value && value->is_string()) otherwise = value->get<std::string>();
    return chosen(key, assigned, otherwise);
  };
  auto lay_recipes = [&](const std::vector<Conditional>& recipes, const Preset& preset, Level level) {
    for (const Conditional& recipe : recipes)
      if (std::all_of(recipe.when.begin(), recipe.when.end(), [&](const auto& condition) {
            const auto& [key, wanted] = condition;
            return wanted == (key == "system"    ? method ? method->system : ""
                              : key == "method"  ? method ? method->implementation : ""
                              : key == "profile" ? profile
                                                 : chosen_or_varied(key));
          }))
        lay(recipe.set, preset, fmt::format("recipes.{}.set", &recipe - recipes.data()), level);
  };
  if (method) lay_profiles(*method, catalogue, profile, chosen_or_varied);
  if (const Dataset* preset = find(catalogue.datasets, dataset)) {
    lay(preset->settings, *preset, "settings", Level::dataset);
    lay_recipes(preset->recipes, *preset, Level::dataset);
  }
  if (const Model* preset = find(catalogue.models, chosen("model", assigned))) {
    lay(preset->settings, *preset, "settings", Level::model);
    lay_recipes(preset->recipes, *preset, Level::model);
    if (const Assignments* values = find(preset->datasets, dataset))
      lay(*values, *preset, "datasets." + dataset, Level::model);
  }
  if (method)
    if (const Assignments* values = find(method->datasets, dataset))
      lay(*values, declaring(*method, catalogue), "datasets." + dataset, Level::method);
  for (auto& [values, entry] : variant) lay(*values, *method, std::move(entry), Level::variant);
  for (const Assigned& entry : assigned)
    if (int first = schema_->index(entry.written->key); first >= 0)
      for (int key = first; key < first + (*schema_)[first].alternatives; ++key) {
        Setting& setting = at(key);
        setting.raw = &entry.written->value;
        setting.written = entry.written;
        setting.level = entry.level;
        setting.number = entry.number;
        setting.axis = entry.axis;
      }
  if (method && !method->cases.empty()) lay_cases(*method, declaring(*method, catalogue));
}

void Effective::lay_profiles(const Method& method, const Catalogue& catalogue, const std::string& profile,
                             const std::function<std::string(const std::string&)>& chosen) {
  if (const Assignments* values = find(method.profiles, profile))
    lay(*values, declaring(method, catalogue), "profiles." + profile, Level::profile);
  for (const auto& [stage, methods] : method.stage_profiles) {
    std::string name = chosen(stage + ".method");  // of a stage that may run one alone, no recipe of its own
    if (const auto* profiles = find(methods, name))
      if (const Assignments* values = find(*profiles, profile))
        lay(*values, catalogue.methods.at(name), "profiles." + profile, Level::profile);
  }
}

void Effective::lay_cases(const Method& method, const Preset& declaring) {
  for (std::size_t i = 0; i < method.cases.size(); ++i) {
    const auto& [when, set] = method.cases[i];
    if (!std::all_of(when.begin(), when.end(), [&](const auto& condition) {
          const Value* found = value(condition.first);
          return found && std::find(condition.second.begin(), condition.second.end(), *found) != condition.second.end();
        }))
      continue;
    lay(set, declaring, fmt::format("cases.{}.set", i), Level::profile);
    for (Setting& setting : settings_) {  // what was asked for may follow from what is laid now
      setting.state = setting.guard_state = State::unknown;
      setting.value.reset();
    }
  }
}

int Effective::index(std::string_view name) {
  int first = schema_->index(name);
  return first < 0 ? first : existing(first);
}

int Effective::existing(int first) {
  int alternatives = (*schema_)[first].alternatives;
  if (alternatives > 1)
    for (int key = first; key < first + alternatives; ++key)
      if (active(key)) return key;
  return first;
}

void Effective::lay(const Assignments& values, const Preset& preset, std::string entry, Level level) {
  laid_.push_back({&preset, std::move(entry)});
  for (const auto& [name, value] : values) {
    int first = schema_->index(name);
    if (first < 0 && (level == Level::dataset || level == Level::model))
      continue;  // of methods that learn from labels, or of another one: the catalogue has looked (check_presets)
    if (first < 0)
      throw UsageError(fmt::format("{}: unknown key '{}'", preset.place(laid_.back().entry + "." + name), name));
    for (int key = first; key < first + (*schema_)[first].alternatives; ++key) {
      if (at(key).level > level) continue;  // a case comes after what stands above it
      at(key).raw = &value;
      at(key).laid = static_cast<int>(laid_.size()) - 1;
      at(key).level = level;
    }
  }
}

bool Effective::active(int key) {
  Setting& setting = at(key);
  if (setting.guard_state == State::known) return setting.active;
  if (setting.guard_state == State::busy)
    throw UsageError(fmt::format("{}: the condition of {} leads back to itself", where(key), (*schema_)[key].key->key));
  setting.guard_state = State::busy;
  const auto& guards = (*schema_)[key].guards;
  setting.active = std::all_of(guards.begin(), guards.end(), [&](const Schema::Guard& guard) {
    const Value* other = value(existing(guard.key));
    return other && std::find(guard.any->begin(), guard.any->end(), *other) != guard.any->end();
  });
  setting.guard_state = State::known;
  return setting.active;
}

bool Effective::is_reference(int key) const {
  const Value* raw = at(key).raw;
  return raw && !referred_key(*raw).empty();
}

int Effective::referred(int key) {
  const Setting& setting = at(key);
  if (setting.raw == nullptr) return -1;
  std::string name = referred_key(*setting.raw);
  if (name.empty()) return -1;
  int other = index(name);
  const Key& own = *(*schema_)[key].key;
  if (own.inherited && setting.raw == &*own.fallback && !(other >= 0 && value(other))) {
    // The stage has the key, the experiment has not: an own momentum beside an outer optimiser without one.
    at(key).raw = own.plain ? &*own.plain : nullptr;
    return referred(key);
  }
  if (other < 0 || !value(other))
    throw UsageError(fmt::format("{}: {} = \"={}\", but {} has no value in this experiment", where(key),
                                 (*schema_)[key].key->key, name, name));
  return other;
}

void Effective::compute(int key) {
  Setting& setting = at(key);
  if (setting.state == State::busy)
    throw UsageError(fmt::format("{}: {} refers to itself", where(key), (*schema_)[key].key->key));
  setting.state = State::busy;
  if (active(key) && setting.raw) {
    int other = referred(key);
    const Value& plain = other >= 0 ? *at(other).value : *setting.raw;
    try {
      setting.value = (*schema_)[key].key->check(plain);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}: {}", where(key), (*schema_)[key].key->key, error.what()));
    }
  }
  setting.state = State::known;
}

const Value* Effective::value(int key) {
  if (at(key).state != State::known) compute(key);
  return at(key).value ? &*at(key).value : nullptr;
}

const Value* Effective::value(std::string_view key) {
  int found = index(key);
  return found < 0 ? nullptr : value(found);
}

int Effective::default_of(int key) {
  int first = (*schema_)[key].default_refers;
  return first < 0 ? first : existing(first);
}

std::optional<Value> Effective::declared(int key) {
  if (int other = default_of(key); other >= 0) {
    const Value* found = value(other);
    return found ? std::optional<Value>(*found) : std::nullopt;
  }
  return (*schema_)[key].key->left_out();
}

bool Effective::matches(const std::vector<Condition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    const Value* found = value(condition.key);
    return found && std::find(condition.any.begin(), condition.any.end(), *found) != condition.any.end();
  });
}

std::vector<int> Effective::chain(int key) {
  std::vector<int> result{key};
  while ((key = referred(key)) >= 0) result.push_back(key);
  return result;
}

std::string Effective::level_text(int key) const {
  const Setting& setting = at(key);
  switch (setting.level) {
    case Level::declared: return "declared default";
    case Level::profile: return "profile " + name_of("profile");
    case Level::dataset: return "preset of " + name_of("dataset");
    case Level::model: return "preset of " + name_of("model");
    case Level::method: return fmt::format("preset of {} for {}", name_of("method"), name_of("dataset"));
    case Level::variant: return "variant " + name_of("method");
    case Level::base: return "base";
    case Level::grid: return fmt::format("grid {}", setting.number);
    case Level::override: return fmt::format("override {}", setting.number);
    case Level::set: return "--set";
  }
  return "";
}

std::string Effective::name_of(std::string_view key) const {
  const Value* raw = at(schema_->index(key)).raw;
  return raw && raw->is_string() ? raw->get<std::string>() : "";
}

std::string Effective::where(int key) const {
  const Setting& setting = at(key);
  if (setting.written) return setting.written->place.text();
  if (setting.laid < 0) return *setting.source;
  // A stage's values may be those of the method that it runs, which knows nothing of the stage's table.
  const auto& [preset, entry] = laid_[static_cast<std::size_t>(setting.laid)];
  const std::string &name = (*schema_)[key].key->key, place = preset->place(entry + "." + name);
  return place != preset->source ? place : preset->place(entry + "." + name.substr(name.find('.') + 1));
}

}  // namespace winnow::sweep
