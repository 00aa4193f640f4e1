#include "read_preset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "own_prompts.h"
#include "recipe.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/words.h"
#include "winnow/data/templates.h"

namespace winnow::sweep {

namespace {

const std::vector<std::string> kSystems = {"partialclip", "deft", "coft"};
constexpr Words<Need>::Entry kNeedWords[] = {{Need::validation, "validation"},
                                             {Need::epochs_after_warmup, "epochs-after-warmup"},
                                             {Need::fine_steps, "fine-steps"},
                                             {Need::one_context, "one-context"}};
constexpr Words<Need> kNeeds("need", kNeedWords);
const std::vector<std::string> kConditions = {"system", "method", "profile", "labels.kind"};

std::map<std::string, Assignments> named_assignments(const PresetTable& table, std::string_view entry) {
  std::map<std::string, Assignments> result;
  for (const auto& [name, values] : table.tables(entry)) result[name] = flatten(table.find(entry)->json().at(name));
  return result;
}

std::vector<Departure> departures_of(const PresetTable& table) {
  std::vector<Departure> result;
  for (const PresetTable& departure : table.list("departures")) {
    departure.only({"when", "text"});
    departure.require("when");
    departure.require("text");
    result.push_back({departure.assignments("when"), departure.text("text")});
  }
  return result;
}

std::vector<Case> cases_of(const PresetTable& table) {
  std::vector<Case> result;
  for (const PresetTable& each : table.list("cases")) {
    each.only({"when", "set"});
    each.require("when");
    each.require("set");
    Case read;
    for (const auto& [key, value] : each.assignments("when"))
      read.when[key] = value.is_array() ? value.get<std::vector<Value>>() : std::vector<Value>{value};
    read.set = each.assignments("set");
    result.push_back(std::move(read));
  }
  return result;
}

std::vector<Conditional> recipes_of(const PresetTable& table) {
  std::vector<Conditional> result;
  for (const PresetTable& recipe : table.list("recipes")) {
    recipe.only({"when", "set"});
    Conditional read;
    read.set = recipe.assignments("set");
    for (const auto& [key, value] : recipe.assignments("when")) {
      if (std::find(kConditions.begin(), kConditions.end(), key) == kConditions.end())
        throw UsageError(fmt::format("{}: a condition of a recipe is one of {}, not '{}'{}",
                                     recipe.place("when").text(), fmt::join(kConditions, ", "), key,
                                     did_you_mean(key, kConditions)));
      if (!value.is_string())
        throw UsageError(
            fmt::format("{}: when.{} must be a text, it is {}", recipe.place("when").text(), key, value.dump()));
      if (std::string word = value.get<std::string>();
          key == "system" && std::find(kSystems.begin(), kSystems.end(), word) == kSystems.end())
        throw UsageError(fmt::format("{}: when.system must be one of {}, it is '{}'{}", recipe.place("when").text(),
                                     fmt::join(kSystems, ", "), word, did_you_mean(word, kSystems)));
      read.when[key] = value.get<std::string>();
    }
    result.push_back(std::move(read));
  }
  return result;
}

// A model may know which samples it has seen; of which data set, it must say.
void refuse_data(const Assignments& values, const std::string& entry, const Preset& preset) {
  for (const auto& [key, value] : values)
    if (key.starts_with("data."))
      throw UsageError(fmt::format("{}: {} sets {} for every data set: say it in [datasets.NAME]",
                                   preset.place(entry + "." + key), entry.substr(0, entry.find('.')), key));
}

// A folder that a preset from outside names is meant from where the preset lies, not from where winnow was started.
std::vector<std::string> anchored(const Preset& preset, const std::vector<std::string>& roots) {
  std::vector<std::string> result;
  Path from = std::filesystem::absolute(preset.source).parent_path();
  for (const std::string& root : roots)
    result.push_back(preset.from_outside() ? (from / root).lexically_normal().string() : root);
  return result;
}

// Of those entries of a preset from outside that decide which files it means and how they are read.
std::string digest_of(const Preset& preset, std::initializer_list<const char*> entries) {
  if (!preset.from_outside()) return "";
  Value deciding = Value::object();
  for (const char* entry : entries)
    if (preset.content.contains(entry)) deciding[entry] = preset.content[entry];
  return hash_of(deciding.dump(-1, ' ', false, Value::error_handler_t::replace)).hex();
}

void check_shape(const PresetTable& shape) {
  shape.only({"image_size", "width", "patch", "blocks", "depths", "inner_width", "text_width"});
  for (const char* entry : {"image_size", "width", "patch", "blocks", "inner_width", "text_width"}) shape.count(entry);
  shape.counts("depths");
}

// What the towers of area model that begin at random are made of: an entry that they do not read would leave the one
// that was meant at its default.
void check_architecture(const PresetTable& table, const std::string& family) {
  if (family == "wide_resnet") {
    table.only({"depth", "widen_factor", "dropout", "image_size", "image_mean", "image_std"});
    for (const char* entry : {"depth", "widen_factor", "image_size"}) table.count(entry);
    table.number("dropout");
  } else {
    table.only({"depths", "hidden_sizes", "embedding_size", "num_channels", "width_per_group", "layer_type",
                "hidden_act", "downsample_in_bottleneck", "downsample_in_first_stage", "image_mean", "image_std"});
    for (const char* entry : {"embedding_size", "num_channels", "width_per_group"}) table.count(entry);
    for (const char* entry : {"depths", "hidden_sizes"}) table.counts(entry);
    for (const char* entry : {"downsample_in_bottleneck", "downsample_in_first_stage"}) table.flag(entry);
    table.word("layer_type", {"basic", "bottleneck"});
    table.word("hidden_act", {"relu"});
  }
  for (const char* entry : {"image_mean", "image_std"}) table.numbers(entry);
}

// Templates, or sets that winnow ships: own_prompts.h.
void check_prompts(const PresetTable& prompts) {
  prompts.only(prompt_entries());
  for (const std::string& entry : prompt_entries())
    if (prompts.has(entry)) {
      std::string text = prompts.text(entry);
      placed(prompts.place(entry), [&] { return data::templates_of(text); });
    }
}

void read_stages(Method& method, const PresetTable& table) {
  for (const auto& [stage, declared] : table.tables("stages")) {
    declared.only({"methods"});
    declared.require("methods");
    method.stages[stage] = declared.texts("methods");
  }
}

}  // namespace

std::vector<Key> declared_keys(const PresetTable& table, const NamedParts& parts) {
  std::vector<Key> result;
  for (const auto& [name, declared] : table.tables("keys"))
    result.push_back(read_key(name, declared.item(), parts, table.file()));
  return result;
}

Method read_method(Preset preset, const PresetTable& table, const NamedParts& parts) {
  table.only({"version", "recipe", "labels",    "source",     "learner",  "system", "inputs",
              "needs",   "shares", "first_run", "own_recipe", "stages",   "texts",  "departures",
              "groups",  "keys",   "profiles",  "cases",      "datasets", "program"});
  for (const char* entry : {"version", "recipe", "labels"}) table.require(entry);
  table.text("source");
  Method method{std::move(preset)};
  method.implementation = method.name;
  method.declared_in = method.source;
  method.version = static_cast<int>(table.count("version"));
  method.recipe = table.text("recipe");
  placed(table.place("recipe"), [&] { return find_recipe(method.recipe); });
  std::string labels = table.word("labels", {"none", "given", "candidates"});
  method.labels = labels == "none" ? LabelNeed::none : labels == "given" ? LabelNeed::given : LabelNeed::candidates;
  method.system = table.word("system", kSystems);
  method.learner = table.text("learner");
  read_stages(method, table);
  method.inputs = table.texts("inputs");
  for (const std::string& word : table.words("needs", kNeeds.all())) method.needs.push_back(kNeeds.parse(word));
  method.shares = table.texts("shares");
  method.first_run_keys = table.texts("first_run");
  method.own_recipe = table.flag("own_recipe");
  method.texts = table.text("texts");
  method.departures = departures_of(table);
  std::vector<std::string> groups;
  for (const auto& [group, keys] : parts.groups) groups.push_back(group);
  for (const std::string& group : table.words("groups", groups)) {
    const std::vector<Key>& keys = parts.groups.at(group);
    method.keys.insert(method.keys.end(), keys.begin(), keys.end());
  }
  std::vector<Key> own = declared_keys(table, parts);
  method.keys.insert(method.keys.end(), own.begin(), own.end());
  std::vector<std::string> declared;
  for (const Key& key : method.keys) declared.push_back(key.key);
  table.words("first_run", declared);
  table.words("shares", declared);
  method.profiles = named_assignments(table, "profiles");
  method.datasets = named_assignments(table, "datasets");
  method.cases = cases_of(table);
  return method;
}

Method read_variant(Preset preset, const PresetTable& table, const std::map<std::string, Method>& methods) {
  std::vector<std::string> known;
  for (const auto& [name, method] : methods)
    if (!method.variant) known.push_back(name);
  if (!table.has("like"))
    throw UsageError(
        fmt::format("{}: 'like' is missing: a method from outside is a variant of one that winnow has; "
                    "like = NAME, with NAME one of {}",
                    preset.source, fmt::join(known, ", ")));
  std::string like = table.word("like", known);
  table.only({"like", "source", "settings", "profiles", "datasets"});
  Method method = methods.at(like);
  static_cast<Preset&>(method) = std::move(preset);
  method.content["source"] = table.has("source") ? table.text("source") : "a variant of " + like;
  method.variant = Variant{table.assignments("settings"), named_assignments(table, "profiles"),
                           named_assignments(table, "datasets")};
  const Variant& own = *method.variant;
  auto empty = [](const auto& tables) {
    return std::all_of(tables.begin(), tables.end(), [](const auto& entry) { return entry.second.empty(); });
  };
  if (own.settings.empty() && empty(own.profiles) && empty(own.datasets))
    throw UsageError(
        fmt::format("{}: says nothing that {} does not: give it [settings], [profiles.NAME] or "
                    "[datasets.NAME]",
                    method.source, like));
  return method;
}

Model read_model(Preset preset, const PresetTable& table, const std::vector<std::string>& families) {
  table.only({"family", "source", "download", "roots", "pretrain", "architecture", "shape", "settings", "recipes",
              "datasets"});
  table.require("family");
  table.text("source");
  Model model{std::move(preset)};
  model.family = table.word("family", families);
  model.settings = table.assignments("settings");
  model.recipes = recipes_of(table);
  refuse_data(model.settings, "settings", model);
  for (std::size_t i = 0; i < model.recipes.size(); ++i)
    refuse_data(model.recipes[i].set, fmt::format("recipes.{}.set", i), model);
  model.datasets = named_assignments(table, "datasets");
  if (const Item* pretrain = table.find("pretrain")) {
    if (model.from_outside())
      throw UsageError(
          fmt::format("{}: pretrain: a model from outside is a snapshot (download, roots), or begins at "
                      "random ([architecture])",
                      table.place("pretrain").text()));
    PresetTable stage(*pretrain, table.file(), "pretrain");
    stage.only({"settings"});
    model.pretrain = Model::Pretrain{stage.assignments("settings")};
  }
  model.architecture = table.assignments("architecture");
  if (!model.architecture.empty()) {
    if (model.family != "wide_resnet" && model.family != "resnet")
      throw UsageError(fmt::format("{}: architecture: a {} begins with weights; at random begin wide_resnet, resnet",
                                   table.place("architecture").text(), model.family));
    check_architecture(PresetTable(*table.find("architecture"), table.file(), "architecture"), model.family);
    model.architecture["model_type"] = model.family;
  }
  if (const Item* shape = table.find("shape")) check_shape(PresetTable(*shape, table.file(), "shape"));
  model.download = table.text("download");
  model.roots = anchored(model, table.texts("roots"));
  if (model.downloaded() && model.roots.empty()) table.require("download");
  if (table.has("roots")) model.content["roots"] = model.roots;
  model.digest = digest_of(model, {"family", "roots", "shape"});
  return model;
}

// What its layout needs is checked by the area data, which reads it (data::Manifest).
Dataset read_dataset(Preset preset, const PresetTable& table) {
  table.only({"layout", "roots", "package", "download", "source", "classes", "files", "options", "expected", "labels",
              "train_labels", "test_only", "further_tests", "validation_split", "corrupt", "prompts", "settings",
              "recipes"});
  table.text("source");
  Dataset dataset{std::move(preset)};
  dataset.settings = table.assignments("settings");
  table.flag("test_only");  // other_splits.h
  table.texts("further_tests");
  table.text("validation_split");
  dataset.noisy = table.word("train_labels", {"true", "noisy"}) == "noisy";
  dataset.recipes = recipes_of(table);
  if (const Item* prompts = table.find("prompts")) check_prompts(PresetTable(*prompts, table.file(), "prompts"));
  if (const Item* expected = table.find("expected")) {
    PresetTable numbers(*expected, table.file(), "expected");
    numbers.only({"classes", "train", "test"});
    dataset.classes = numbers.count("classes");
    dataset.train = numbers.count("train");
    dataset.test = numbers.count("test");
  }
  if (dataset.classes == 0) dataset.classes = static_cast<std::int64_t>(table.texts("classes").size());
  if (table.has("roots")) dataset.content["roots"] = anchored(dataset, table.texts("roots"));
  dataset.digest = digest_of(
      dataset, {"layout", "roots", "files", "options", "classes", "test_only", "corrupt", "expected", "labels"});
  return dataset;
}

}  // namespace winnow::sweep
