#include "winnow/sweep/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "built_in.h"
#include "declared_key.h"
#include "recipe.h"
#include "stage_keys.h"
#include "winnow/core/error.h"
#include "winnow/core/words.h"
#include "winnow/data/dataset.h"
#include "winnow/data/scores.h"
#include "winnow/data/template_file.h"
#include "winnow/data/weights.h"
#include "winnow/stage/result_version.h"
#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

namespace {

const Item* find(const Item& table, std::string_view name) {
  for (const auto& [key, item] : table.entries)
    if (key == name) return &item;
  return nullptr;
}

// The entry `name` of a preset; UsageError without it.
Value required(const Item& table, std::string_view name, const std::string& file) {
  const Item* item = find(table, name);
  if (!item) throw UsageError(fmt::format("{}: '{}' is missing", file, name));
  return item->json();
}

Assignments assignments(const Item& table, std::string_view name) {
  const Item* item = find(table, name);
  return item ? flatten(item->json()) : Assignments{};
}

std::vector<Key> keys(const Item& table, const NamedParts& parts, const std::string& file) {
  std::vector<Key> result;
  if (const Item* declared = find(table, "keys"))
    for (const auto& [name, item] : declared->entries) result.push_back(read_key(name, item, parts, file));
  return result;
}

const std::vector<std::string> kSystems = {"partialclip", "deft", "coft"};
constexpr Words<Need>::Entry kNeedWords[] = {{Need::validation, "validation"},
                                             {Need::epochs_after_warmup, "epochs-after-warmup"},
                                             {Need::fine_steps, "fine-steps"}};
constexpr Words<Need> kNeeds("need", kNeedWords);
const std::vector<std::string> kConditions = {"system", "profile", "labels.kind"};

std::string one_of(const std::vector<std::string>& words, const Item& item, const std::string& file) {
  std::string text = item.scalar.is_string() ? item.scalar.get<std::string>() : "";
  if (std::find(words.begin(), words.end(), text) == words.end())
    throw UsageError(fmt::format("{}: expected one of {}, got {}{}", Place{file, item.line}.text(),
                                 fmt::join(words, ", "), item.json().dump(), did_you_mean(text, words)));
  return text;
}

const std::vector<Key>& group_named(const NamedParts& parts, const std::string& name, const Place& place) {
  std::vector<std::string> known;
  for (const auto& [group, keys] : parts.groups) {
    if (group == name) return keys;
    known.push_back(group);
  }
  throw UsageError(fmt::format("{}: groups: unknown '{}'{}", place.text(), name, did_you_mean(name, known)));
}

// Entries beyond those in the README of the presets are mistakes.
void refuse_unknown(const Item& table, const std::string& file, const std::vector<std::string>& known) {
  for (const auto& [key, item] : table.entries)
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw UsageError(
          fmt::format("{}: unknown entry '{}'{}", Place{file, item.line}.text(), key, did_you_mean(key, known)));
}

Method read_method(Preset preset, const Item& table, const NamedParts& parts) {
  const std::string& file = preset.source;
  refuse_unknown(table, file,
                 {"version", "recipe", "labels", "source", "learner", "system", "inputs", "needs", "shares",
                  "first_run", "own_recipe", "stages", "groups", "keys", "profiles", "datasets"});
  Method method{std::move(preset)};
  method.version = required(table, "version", file).get<int>();
  method.recipe = required(table, "recipe", file).get<std::string>();
  find_recipe(method.recipe);
  std::string labels = required(table, "labels", file).get<std::string>();
  if (labels != "none" && labels != "given" && labels != "candidates")
    throw UsageError(fmt::format("{}: labels must be none, given or candidates, got '{}'", file, labels));
  method.labels = labels == "none" ? LabelNeed::none : labels == "given" ? LabelNeed::given : LabelNeed::candidates;
  if (const Item* system = find(table, "system")) method.system = one_of(kSystems, *system, file);
  if (const Item* learner = find(table, "learner")) method.learner = learner->scalar.get<std::string>();
  if (const Item* stages = find(table, "stages"))
    for (const auto& [stage, item] : stages->entries)
      method.stages[stage] = required(item, "methods", file).get<std::vector<std::string>>();
  if (const Item* inputs = find(table, "inputs")) method.inputs = inputs->json().get<std::vector<std::string>>();
  if (const Item* needs = find(table, "needs"))
    for (const Value& word : needs->json()) method.needs.push_back(kNeeds.parse(word.get<std::string>()));
  if (const Item* shares = find(table, "shares")) method.shares = shares->json().get<std::vector<std::string>>();
  if (const Item* first = find(table, "first_run"))
    method.first_run_keys = first->json().get<std::vector<std::string>>();
  if (const Item* own = find(table, "own_recipe")) method.own_recipe = own->scalar.get<bool>();
  if (const Item* groups = find(table, "groups"))
    for (const Value& name : groups->json()) {
      const std::vector<Key>& group = group_named(parts, name.get<std::string>(), Place{file, groups->line});
      method.keys.insert(method.keys.end(), group.begin(), group.end());
    }
  std::vector<Key> own = keys(table, parts, file);
  method.keys.insert(method.keys.end(), own.begin(), own.end());
  for (const std::string& key : method.first_run_keys)
    if (std::none_of(method.keys.begin(), method.keys.end(), [&](const Key& own) { return own.key == key; }))
      throw UsageError(fmt::format("{}: first_run names '{}', which the method does not declare", file, key));
  for (std::string_view kind : {"profiles", "datasets"})
    if (const Item* tables = find(table, kind))
      for (const auto& [name, item] : tables->entries)
        (kind == "profiles" ? method.profiles : method.datasets)[name] = flatten(item.json());
  return method;
}

Conditional read_conditional(const Item& table, const std::string& file) {
  refuse_unknown(table, file, {"when", "set"});
  Conditional result;
  result.set = assignments(table, "set");
  if (const Item* when = find(table, "when"))
    for (const auto& [key, value] : flatten(when->json())) {
      if (std::find(kConditions.begin(), kConditions.end(), key) == kConditions.end())
        throw UsageError(fmt::format("{}: a condition of a recipe is one of {}, not '{}'",
                                     Place{file, when->line}.text(), fmt::join(kConditions, ", "), key));
      result.when[key] = value.get<std::string>();
    }
  return result;
}

std::vector<Conditional> read_recipes(const Item& table, const std::string& file) {
  std::vector<Conditional> result;
  if (const Item* recipes = find(table, "recipes"))
    for (const Item& item : recipes->items) result.push_back(read_conditional(item, file));
  return result;
}

// A model may know which samples it has seen; of which data set, it must say.
void refuse_data(const Assignments& values, const char* table, const std::string& file) {
  for (const auto& [key, value] : values)
    if (key.starts_with("data."))
      throw UsageError(fmt::format("{}: {} sets {} for every data set: say it in [datasets.NAME]", file, table, key));
}

Model read_model(Preset preset, const Item& table) {
  refuse_unknown(
      table, preset.source,
      {"family", "source", "download", "pretrain", "architecture", "shape", "settings", "recipes", "datasets"});
  Model model{std::move(preset)};
  model.family = required(table, "family", model.source).get<std::string>();
  model.settings = assignments(table, "settings");
  model.recipes = read_recipes(table, model.source);
  refuse_data(model.settings, "settings", model.source);
  for (const Conditional& recipe : model.recipes) refuse_data(recipe.set, "recipes", model.source);
  if (const Item* datasets = find(table, "datasets"))
    for (const auto& [name, item] : datasets->entries) model.datasets[name] = flatten(item.json());
  if (const Item* pretrain = find(table, "pretrain")) {
    refuse_unknown(*pretrain, model.source, {"settings"});
    model.pretrain = Model::Pretrain{assignments(*pretrain, "settings")};
  }
  model.architecture = assignments(table, "architecture");
  if (!model.architecture.empty()) model.architecture["model_type"] = model.family;
  if (model.downloaded()) model.download = required(table, "download", model.source).get<std::string>();
  return model;
}

// What a data set must hold is checked by the area data, which reads it (data::Manifest).
Dataset read_dataset(Preset preset, const Item& table) {
  Dataset dataset{std::move(preset)};
  dataset.settings = assignments(table, "settings");
  if (const Item* labels = find(table, "train_labels"))
    dataset.noisy = one_of({"true", "noisy"}, *labels, dataset.source) == "noisy";
  dataset.recipes = read_recipes(table, dataset.source);
  if (const Item* expected = find(table, "expected"))
    for (const auto& [what, item] : expected->entries)
      if (what == "classes" || what == "train" || what == "test")
        (what == "classes" ? dataset.classes
         : what == "train" ? dataset.train
                           : dataset.test) = item.scalar.get<std::int64_t>();
  if (dataset.classes == 0 && dataset.content.contains("classes"))
    dataset.classes = static_cast<std::int64_t>(dataset.content["classes"].size());
  return dataset;
}

template <class Entry>
std::vector<std::string> names(const std::map<std::string, Entry>& entries) {
  std::vector<std::string> result;
  for (const auto& [name, entry] : entries) result.push_back(name);
  return result;
}

// A data set sets common keys, and keys of some methods: they are set where the method has them (Effective).
void require_known(const Dataset& dataset, const Catalogue& catalogue) {
  auto declares = [](const std::vector<Key>& keys, const std::string& name) {
    return std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.key == name; });
  };
  auto require = [&](const Assignments& values) {
    for (const auto& [key, value] : values)
      if (!declares(catalogue.common, key) &&
          std::none_of(catalogue.methods.begin(), catalogue.methods.end(),
                       [&, &name = key](const auto& entry) { return declares(entry.second.keys, name); }))
        throw UsageError(fmt::format("{}: no method has the key '{}'", dataset.source, key));
  };
  require(dataset.settings);
  for (const Conditional& recipe : dataset.recipes) require(recipe.set);
}

// A condition on the model's family is one on its name: what stands under "model.family" becomes the models of those
// families.
void name_models(Key& key, const std::map<std::string, Model>& models) {
  auto condition = key.when.extract("model.family");
  if (!condition) return;
  std::vector<Value>& allowed = key.when["model"];
  for (const auto& [name, model] : models)
    if (std::find(condition.mapped().begin(), condition.mapped().end(), Value(model.family)) !=
        condition.mapped().end())
      allowed.push_back(name);
}

}  // namespace

Catalogue Catalogue::built_in(Fingerprints fingerprints) {
  Catalogue catalogue;
  catalogue.fingerprints = std::move(fingerprints);
  catalogue.shared_code = winnow::shared_code();
  for (StageKind kind : kinds_with_own_version()) catalogue.kind_versions[kind] = result_version(kind);
  NamedParts parts;
  for (const BuiltIn& file : built_in_presets())
    if (Path(file.path).stem() == "common") {
      std::string source(file.path);
      Item table = parse_toml(file.text, source);
      refuse_unknown(table, source, {"words", "conditions", "groups", "keys"});
      parts = read_named_parts(table, source);
      if (const Item* groups = find(table, "groups"))
        for (const auto& [name, group] : groups->entries) parts.groups[name] = keys(group, parts, source);
      catalogue.common = keys(table, parts, source);
    }
  for (const BuiltIn& file : built_in_presets()) {
    Path path(file.path);
    std::string kind = path.parent_path().filename(), name = path.stem();
    Item table = parse_toml(file.text, std::string(file.path));
    Preset preset{name, std::string(file.path), table.json()};
    if (kind == "methods") {
      Method method = read_method(std::move(preset), table, parts);
      bool part = !method.inputs.empty() && method.recipe == "train";
      (part ? catalogue.parts : catalogue.methods)[name] = std::move(method);
    } else if (kind == "models") catalogue.models[name] = read_model(std::move(preset), table);
    else if (kind == "datasets") catalogue.datasets[name] = read_dataset(std::move(preset), table);
  }
  for (const auto& [name, dataset] : catalogue.datasets) {
    if (dataset.noisy) catalogue.labels[name]["own"] = {};
    for (const auto& [set, candidates] : data::Manifest::from_preset(name, dataset.content, dataset.source).labels)
      catalogue.labels[name][set] = {fmt::format("{}labels/{}/{}", kOpen, name, set), candidates};
  }
  for (const auto& [name, model] : catalogue.models)
    for (const auto& [dataset, values] : model.datasets)
      if (!catalogue.datasets.count(dataset))
        throw UsageError(fmt::format("{}: datasets.{} is no data set{}", model.source, dataset,
                                     did_you_mean(dataset, names(catalogue.datasets))));
  // What may be named is what there is, so that a wrong name is refused like any other wrong word.
  for (Key& key : catalogue.common) {
    if (key.key == "method") key.words = names(catalogue.methods);
    if (key.key == "model" || key.key.ends_with(".model")) key.words = names(catalogue.models);
    if (key.key == "dataset") key.words = names(catalogue.datasets);
    name_models(key, catalogue.models);
  }
  for (auto& [name, method] : catalogue.methods) {
    std::vector<Key> keys = stage_keys(method, catalogue);
    method.keys.insert(method.keys.end(), keys.begin(), keys.end());
    method.stage_profiles = stage_profiles(method, catalogue);
  }
  for (const auto& [name, dataset] : catalogue.datasets) require_known(dataset, catalogue);
  return catalogue;
}

Catalogue Catalogue::on_this_machine() {
  Catalogue catalogue = built_in({});
  for (auto& [name, dataset] : catalogue.datasets)
    if (auto record = data::read_record(name)) {
      catalogue.fingerprints[name] = record->fingerprint;
      for (const auto& [set, found] : record->labels) catalogue.labels[name][set] = found;
      dataset.classes = static_cast<std::int64_t>(record->classes.size());
      dataset.train = record->train;
      dataset.test = record->test;
    }
  for (const auto& [name, model] : catalogue.models)
    if (auto record = data::read_weights_record(name)) catalogue.fingerprints[name] = record->fingerprint;
  for (const data::ScoreRecord& scores : data::recorded_scores())
    catalogue.fingerprints["scores/" + scores.name] = scores.fingerprint;
  for (const data::TemplateRecord& templates : data::recorded_templates())
    catalogue.fingerprints["templates/" + templates.dataset + "/" + templates.name] = templates.fingerprint;
  return catalogue;
}

}  // namespace winnow::sweep
