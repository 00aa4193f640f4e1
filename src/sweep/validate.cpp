#include "validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "declared_key.h"
#include "winnow/core/error.h"
#include "winnow/data/templates.h"

namespace winnow::sweep {

namespace {

// Kinds of labels that give a set of candidates for each sample and not one label.
constexpr std::string_view kCandidateKinds[] = {"flip", "uniform", "instance-candidates"};

constexpr std::string_view kWithoutClassifier[] = {"clip", "siglip", "vit_mae"};     // families
constexpr std::string_view kRecorded = "scores/";                                  // in the catalogue's fingerprints

std::string condition_text(const Key& key) {
  std::string text;
  for (const auto& [other, any] : key.when) {
    std::string words;
    for (const Value& value : any) words += (words.empty() ? "" : " or ") + (value.is_string() ? value.get<std::string>() : value.dump());
    text += fmt::format("{}{} = {}", text.empty() ? "" : " and ", other, words);
  }
  return text;
}

std::vector<std::string> methods_with(const Catalogue& catalogue, const std::string& key) {
  std::vector<std::string> names;
  for (const auto& [name, method] : catalogue.methods)
    for (const Key& declared : method.keys)
      if (declared.key == key) names.push_back(name);
  return names;
}

void refuse_axis(Effective& effective, const Catalogue& catalogue, const Written& setting, int key) {
  std::string reason = key < 0 ? fmt::format("method {} has no such key ({} have)", effective.value("method")->get<std::string>(),
                                             fmt::join(methods_with(catalogue, setting.key), ", "))
                               : fmt::format("it exists only where {}", condition_text(*effective.schema()[key].key));
  throw UsageError(fmt::format("{}: {} = {} cannot be an axis here: {}", setting.place.text(), setting.key,
                               setting.value.dump(), reason));
}

// Adds the names of what was recorded on this machine under a prefix of the catalogue's fingerprints.
void add_recorded(const Catalogue& catalogue, const std::string& prefix, std::vector<std::string>& names) {
  for (const auto& [recorded, fingerprint] : catalogue.fingerprints)
    if (recorded.starts_with(prefix)) names.push_back(recorded.substr(prefix.size()));
}

void require_fingerprint(const Catalogue& catalogue, const std::string& name, const std::string& where) {
  if (!catalogue.fingerprints.count(name))
    throw UsageError(fmt::format("{}: no fingerprint of {} on this machine: run `winnow data check {}` once", where, name, name));
}

const data::LabelSet& annotated_set(Effective& effective, const Catalogue& catalogue) {
  std::string dataset = effective.value("dataset")->get<std::string>(), name = effective.value("labels.set")->get<std::string>();
  std::vector<std::string> known;
  if (auto sets = catalogue.labels.find(dataset); sets != catalogue.labels.end())
    for (const auto& [other, set] : sets->second) {
      if (other == name) return set;
      known.push_back(other);
    }
  throw UsageError(fmt::format("{0}: labels.set: no labels '{1}' of {2} on this machine{3}; known: {4}. Put labels/{1}.safetensors (launch/convert-labels) below its "
                               "folder and run `winnow data check {2}`", effective.where(effective.schema().index("labels.set")), name, dataset,
                               did_you_mean(name, known), known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

bool gives_sets(Effective& effective, const Catalogue& catalogue) {
  std::string kind = effective.value("labels.kind")->get<std::string>();
  if (kind == "annotated") return annotated_set(effective, catalogue).candidates;
  return std::find(std::begin(kCandidateKinds), std::end(kCandidateKinds), kind) != std::end(kCandidateKinds);
}

void require_labels(Effective& effective, const Catalogue& catalogue) {
  const Method& method = *effective.schema().method();
  std::string kind = effective.value("labels.kind")->get<std::string>(), what = "labels.kind = " + kind;
  bool sets = gives_sets(effective, catalogue);
  if (kind == "annotated") {
    what += fmt::format(" of the set {}", effective.value("labels.set")->get<std::string>());
    if (!sets && effective.value("labels.keep_fraction")->get<double>() < 1)
      throw UsageError(fmt::format("{}: {} gives one label a sample: there is no set that labels.keep_fraction could narrow",
                                   effective.where(effective.schema().index("labels.keep_fraction")), what));
  }
  if (method.labels == LabelNeed::candidates || !sets) return;
  std::vector<std::string> able;
  for (const auto& [name, other] : catalogue.methods)
    if (other.labels == LabelNeed::candidates) able.push_back(name);
  throw UsageError(fmt::format("{}: method {} learns from one given label, {} gives candidate sets; able to: {}",
                               effective.where(effective.schema().index("method")), method.name, what, fmt::join(able, ", ")));
}

// A logistic regression needs one label a sample. (A class mean weighs the classes of a set.)
void require_start(Effective& effective, const Catalogue& catalogue) {
  const Schema& schema = effective.schema();
  for (int key = 0; key < schema.size(); ++key) {
    const std::string& name = schema[key].key->key;
    if ((name != "head_init" && !name.ends_with(".head_init")) || !effective.value(key) || *effective.value(key) != "linear-probe") continue;
    if (gives_sets(effective, catalogue))
      throw UsageError(fmt::format("{}: {} = linear-probe wants one given label a sample, labels.kind = {} gives candidate sets; allowed there: text, random, class-mean",
                                   effective.where(key), name, effective.value("labels.kind")->get<std::string>()));
  }
}

// Arrays of scores are recorded by name, like data sets.
void require_scores(Effective& effective, const Catalogue& catalogue) {
  int key = effective.schema().index("labels.scores");
  const Value* name = key < 0 ? nullptr : effective.value(key);
  if (name && *name == "trained") {
    const std::string model = effective.value("labels.scorer.model")->get<std::string>();
    std::vector<std::string> able;
    for (const auto& [other, preset] : catalogue.models)
      if (!preset.architecture.empty()) able.push_back(other);
    if (std::find(able.begin(), able.end(), model) == able.end())
      throw UsageError(fmt::format("{}: labels.scores = trained wants a labels.scorer.model that begins at random, {} has weights; allowed: {}",
                                   effective.where(key), model, fmt::join(able, ", ")));
  }
  if (name && *name == "classifier") {
    const Model& model = catalogue.models.at(effective.value("labels.scorer.model")->get<std::string>());
    if (std::find(std::begin(kWithoutClassifier), std::end(kWithoutClassifier), model.family) != std::end(kWithoutClassifier))
      throw UsageError(fmt::format("{}: labels.scores = classifier wants a labels.scorer.model with a classifier of its own, {} is a {}: it has none; zero-shot scores "
                                   "are those of texts", effective.where(key), model.name, model.family));
  }
  std::vector<std::string> known = {"zero-shot", "classifier", "trained"};
  add_recorded(catalogue, "scores/", known);
  if (!name || std::find(known.begin(), known.end(), name->get<std::string>()) != known.end()) return;
  throw UsageError(fmt::format("{0}: labels.scores: no scores '{1}' on this machine{3}: known are {4}; `winnow data scores {1} FILE --dataset {2}` records them",
                               effective.where(key), name->get<std::string>(), effective.value("dataset")->get<std::string>(),
                               did_you_mean(name->get<std::string>(), known), fmt::join(known, ", ")));
}

// A prompt is itself, a set of prompts that winnow ships, or a file of templates of the data set, recorded by name.
void require_templates(Effective& effective, const Catalogue& catalogue) {
  const Schema& schema = effective.schema();
  for (int key = 0; key < schema.size(); ++key) {
    if (!names_prompt(schema[key].key->key) || !effective.value(key)) continue;
    std::string text = effective.value(key)->get<std::string>(), dataset = effective.value("dataset")->get<std::string>();
    std::vector<std::string> known = data::template_set_names();
    add_recorded(catalogue, "templates/" + dataset + "/", known);
    if (text.find("{}") != std::string::npos || std::find(known.begin(), known.end(), text) != known.end()) continue;
    throw UsageError(fmt::format("{0}: {1}: '{2}' has no {{}} for the class name, and is no set of templates of {3} on this machine{4}; known sets: {5}; "
                                 "`winnow data templates NAME FILE --dataset {3}` records one", effective.where(key), schema[key].key->key, text, dataset,
                                 did_you_mean(text, known), fmt::join(known, ", ")));
  }
}

}  // namespace

void validate(Resolved& resolved, const Catalogue& catalogue, const Place& grid, std::vector<bool>& applied) {
  Effective& effective = resolved.effective;
  const Schema& schema = effective.schema();
  if (!schema.method()) throw UsageError(fmt::format("{}: method is not set", grid.text()));
  for (int key = 0; key < schema.size(); ++key)
    if (effective.active(key) && !effective.value(key)) {
      const Key& missing = *schema[key].key;
      std::string why = missing.when.empty() ? "" : fmt::format(", needed where {}", condition_text(missing));
      throw UsageError(fmt::format("{}: {} is not set{}: expected {}", grid.text(), missing.key, why, missing.allowed()));
    }
  for (const Assigned& entry : resolved.assigned) {
    int key = schema.index(entry.written->key);
    bool exists = key >= 0 && effective.active(key);
    if (exists) applied[entry.written->id] = true;
    else if (entry.axis >= 0) refuse_axis(effective, catalogue, *entry.written, key);
  }
  std::string dataset = effective.value("dataset")->get<std::string>();
  require_fingerprint(catalogue, dataset, effective.where(schema.index("dataset")));
  require_labels(effective, catalogue);
  require_start(effective, catalogue);
  require_scores(effective, catalogue);
  require_templates(effective, catalogue);
  for (int key = 0; key < schema.size(); ++key) {
    const std::string& name = schema[key].key->key;
    if ((name != "model" && !name.ends_with(".model")) || !effective.value(key)) continue;
    const Model& model = catalogue.models.at(effective.value(key)->get<std::string>());
    if (model.pretrain)
      require_fingerprint(catalogue, model.pretrain->settings.at("dataset").get<std::string>(), effective.where(key));
    else if (model.downloaded() && !catalogue.fingerprints.count(model.name))
      throw UsageError(fmt::format("{}: no weights of {} on this machine: download {} and run `winnow model check {} --root FOLDER` once",
                                   effective.where(key), model.name, model.download, model.name));
  }
}

void refuse_unapplied(const SweepFile& sweep, const Catalogue& catalogue, const std::vector<bool>& applied,
                      const std::vector<bool>& matched) {
  auto refuse = [&](const std::vector<Written>& settings) {
    for (const Written& setting : settings) {
      if (applied[setting.id]) continue;
      std::string reason;
      for (const Key& key : catalogue.common)
        if (key.key == setting.key)
          reason = key.when.empty() ? "all experiments of its grid are excluded"
                                    : fmt::format("it exists only where {}", condition_text(key));
      if (reason.empty()) {
        std::vector<std::string> able = methods_with(catalogue, setting.key);
        reason = fmt::format("it is a key of {}", fmt::join(able, ", "));
        for (const Key& key : catalogue.methods.at(able.front()).keys)
          if (key.key == setting.key && !key.when.empty()) reason += fmt::format(", where {}", condition_text(key));
      }
      throw UsageError(fmt::format("{}: {} applies to no experiment of the sweep: {}", setting.place.text(), setting.key, reason));
    }
  };
  refuse(sweep.base);
  for (const Grid& grid : sweep.grids) refuse(grid.fixed);
  for (std::size_t i = 0; i < sweep.overrides.size(); ++i)
    if (matched[i]) refuse(sweep.overrides[i].set);
  refuse(sweep.sets);
}

}  // namespace winnow::sweep
