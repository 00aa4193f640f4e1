#include "winnow/sweep/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "built_in.h"
#include "check_presets.h"
#include "declared_key.h"
#include "preset_table.h"
#include "read_preset.h"
#include "read_program.h"
#include "recipe.h"
#include "stage_keys.h"
#include "winnow/core/error.h"
#include "winnow/core/shell_word.h"
#include "winnow/data/dataset.h"
#include "winnow/data/masks.h"
#include "winnow/data/scores.h"
#include "winnow/data/shot_lists.h"
#include "winnow/data/template_file.h"
#include "winnow/data/weights.h"
#include "winnow/stage/result_version.h"
#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

namespace {

template <class Entry>
std::vector<std::string> names(const std::map<std::string, Entry>& entries) {
  std::vector<std::string> result;
  for (const auto& [name, entry] : entries) result.push_back(name);
  return result;
}

// Names that trainers know as something else: recorded batches, and the model that they run through.
const std::vector<std::string> kTaken = {"replay", "toy"};

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

// Reads presets, each kind in a map of its own.
class Reader {
 public:
  Reader(Catalogue& catalogue, const NamedParts& parts) : catalogue_(catalogue), parts_(parts) {
    constexpr std::string_view kFamily = "family.";
    for (const auto& [part, version] : catalogue.shared_code)
      if (part.starts_with(kFamily)) families_.push_back(part.substr(kFamily.size()));
  }

  // Methods from outside wait until all that they may be like are complete (add_variants).
  void read(const std::string& file, std::string_view text, const std::string& folder) {
    Path path(file);
    std::string kind = path.parent_path().filename(), name = path.stem();
    Item table = parse_toml(text, file);
    Preset preset{name, file, table.json(), lines_of(table), folder, "", false};
    PresetTable entries(table, file);
    if (kind == "methods" && !folder.empty() && entries.has("program")) {
      add(catalogue_.methods, name, read_program_method(std::move(preset), entries, parts_, catalogue_));
    } else if (kind == "methods" && !folder.empty()) {
      add(variants_, name, {std::move(preset), std::move(table)});
    } else if (kind == "methods") {
      Method method = read_method(std::move(preset), entries, parts_);
      bool part = !method.inputs.empty() && method.recipe == "train";
      (part ? catalogue_.parts : catalogue_.methods)[name] = std::move(method);
    } else if (kind == "models") {
      add(catalogue_.models, name, read_model(std::move(preset), entries, families_));
    } else if (kind == "datasets") {
      add(catalogue_.datasets, name, read_dataset(std::move(preset), entries));
    }
  }

  // Where any detector may be named, those that are programs may, too.
  void add_detectors() {
    std::vector<std::string>& detectors = catalogue_.methods.at("detect-train").stages.at("detect");
    for (const auto& [name, method] : catalogue_.methods)
      if (method.program && method.recipe == "train" && method.program->gives.count("selection"))
        detectors.push_back(name);
  }

  // Fingerprints stand under names alone.
  void refuse_shared_names() const {
    for (const auto& [name, dataset] : catalogue_.datasets)
      if (auto model = catalogue_.models.find(name); model != catalogue_.models.end())
        throw UsageError(fmt::format("{} and {}: a data set and a model cannot have one name", dataset.source,
                                     model->second.source));
  }

  void add_variants() {
    for (auto& [name, waiting] : variants_)
      catalogue_.methods[name] = read_variant(std::move(waiting.preset),
                                              PresetTable(waiting.table, waiting.preset.source), catalogue_.methods);
  }

 private:
  struct Waiting {
    Preset preset;
    Item table;
  };

  static std::string source_of(const Preset& preset) { return preset.source; }
  static std::string source_of(const Waiting& waiting) { return waiting.preset.source; }

  template <class Entry>
  void add(std::map<std::string, Entry>& entries, const std::string& name, Entry entry) {
    if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end())
      throw UsageError(
          fmt::format("{}: the name '{}' is taken: it is that of recorded test cases", source_of(entry), name));
    if (auto other = entries.find(name); other != entries.end())
      throw UsageError(fmt::format("{} and {}: two presets of one name", source_of(other->second), source_of(entry)));
    entries.emplace(name, std::move(entry));
  }

  Catalogue& catalogue_;
  const NamedParts& parts_;
  std::vector<std::string> families_;
  std::map<std::string, Waiting> variants_;
};

}  // namespace

std::string Preset::place(const std::string& entry) const {
  auto found = lines.find(entry);
  return Place{source, found == lines.end() ? 0 : found->second}.text();
}

std::string Preset::option() const { return from_outside() ? " --presets " + shell_word(folder) : ""; }

bool Method::has_common(const std::string& key, bool shared) const {
  if (key == kKeepWeights) return recipe_trains(recipe) && !program;  // what a program gives its preset says
  if (labels == LabelNeed::none && key.starts_with("labels.")) return false;
  return !program || shared || key == "model" || key == "evaluation.shot_factor" || program->reads.count(key) != 0;
}

data::Manifest Dataset::manifest() const {
  data::Manifest manifest = data::Manifest::from_preset(name, content, source, lines);
  manifest.preset = digest;
  return manifest;
}

const Method& Catalogue::method(const std::string& name) const {
  auto found = methods.find(name);
  return found == methods.end() ? parts.at(name) : found->second;
}

Catalogue Catalogue::built_in(Fingerprints fingerprints, std::vector<PresetFile> outside) {
  Catalogue catalogue;
  catalogue.fingerprints = std::move(fingerprints);
  catalogue.outside = std::move(outside);
  catalogue.shared_code = winnow::shared_code();
  for (StageKind kind : kinds_with_own_version()) catalogue.kind_versions[kind] = result_version(kind);
  NamedParts parts;
  for (const BuiltIn& file : built_in_presets())
    if (Path(file.path).stem() == "common") {
      std::string source(file.path);
      Item table = parse_toml(file.text, source);
      PresetTable common(table, source);
      common.only({"words", "conditions", "groups", "keys"});
      parts = read_named_parts(table, source);
      for (const auto& [name, group] : common.tables("groups")) parts.groups[name] = declared_keys(group, parts);
      catalogue.common = declared_keys(common, parts);
    }
  for (const data::TemplateRecord& texts : data::shipped_templates())
    catalogue.fingerprints.try_emplace("templates/" + texts.dataset + "/" + texts.name, texts.fingerprint);
  Reader reader(catalogue, parts);
  for (const BuiltIn& file : built_in_presets()) reader.read(std::string(file.path), file.text, "");
  for (const PresetFile& file : catalogue.outside) reader.read(file.path, file.text, file.folder);
  reader.refuse_shared_names();
  reader.add_detectors();
  for (const auto& [name, dataset] : catalogue.datasets) {
    if (dataset.noisy) catalogue.labels[name]["own"] = {};
    for (const auto& [set, candidates] : dataset.manifest().labels)
      catalogue.labels[name][set] = {fmt::format("{}labels/{}/{}", kOpen, name, set), candidates};
  }
  // What may be named is what there is, so that a wrong name is refused like any other wrong word.
  for (Key& key : catalogue.common) {
    if (key.key == "model" || key.key.ends_with(".model")) key.words = names(catalogue.models);
    if (key.key == "dataset") key.words = names(catalogue.datasets);
    name_models(key, catalogue.models);
  }
  for (auto& [name, method] : catalogue.methods) {
    for (Key& key : method.keys)
      if (key.key.ends_with(".dataset")) key.words = names(catalogue.datasets);
    std::vector<Key> keys = stage_keys(method, catalogue);
    method.keys.insert(method.keys.end(), keys.begin(), keys.end());
    method.stage_profiles = stage_profiles(method, catalogue);
  }
  reader.add_variants();
  for (Key& key : catalogue.common)
    if (key.key == "method") key.words = names(catalogue.methods);
  check_presets(catalogue);
  return catalogue;
}

Catalogue Catalogue::on_this_machine(std::vector<PresetFile> outside) {
  Catalogue catalogue = built_in({}, std::move(outside));
  for (auto& [name, dataset] : catalogue.datasets)
    if (auto record = data::read_record(name)) {
      dataset.other_record = record->preset != dataset.digest;
      if (dataset.other_record) continue;
      catalogue.fingerprints[name] = record->fingerprint;
      for (const auto& [set, found] : record->labels) catalogue.labels[name][set] = found;
      dataset.classes = static_cast<std::int64_t>(record->classes.size());
      dataset.train = record->train;
      dataset.test = record->test;
    }
  for (auto& [name, model] : catalogue.models)
    if (auto record = data::read_weights_record(name)) {
      model.other_record = record->preset != model.digest;
      if (!model.other_record) catalogue.fingerprints[name] = record->fingerprint;
    }
  for (const data::ScoreRecord& scores : data::recorded_scores())
    catalogue.fingerprints["scores/" + scores.name] = scores.fingerprint;
  for (const data::TemplateRecord& templates : data::recorded_templates())
    catalogue.fingerprints["templates/" + templates.dataset + "/" + templates.name] = templates.fingerprint;
  for (const data::ShotListRecord& list : data::recorded_shot_lists())
    if (auto dataset = catalogue.fingerprints.find(list.dataset);  // a list of another state of it is none
        dataset != catalogue.fingerprints.end() && dataset->second == list.dataset_fingerprint)
      catalogue.fingerprints["shots/" + list.dataset + "/" + list.name] = list.fingerprint;
  for (const data::MaskRecord& mask : data::recorded_masks())
    catalogue.fingerprints["masks/" + mask.dataset + "/" + mask.name] = mask.fingerprint;
  return catalogue;
}

}  // namespace winnow::sweep
