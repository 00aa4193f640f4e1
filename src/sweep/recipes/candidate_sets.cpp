// The stages before training that make candidate sets from another model's scores.
#include <algorithm>

#include "recipes.h"

namespace winnow::sweep {

namespace {

bool holds(const Key& key, const std::map<std::string, Value>& values) {
  return std::all_of(key.when.begin(), key.when.end(), [&](const auto& condition) {
    auto other = values.find(condition.first);
    return other != values.end() &&
           std::find(condition.second.begin(), condition.second.end(), other->second) != condition.second.end();
  });
}

// The scorer that is trained first, on the true labels of the experiment's training samples, with the settings of its
// preset: whatever the experiment sets for its own training is not for it.
Draft trained_scorer(const Experiment& experiment) {
  const Catalogue& catalogue = experiment.catalogue;
  const Settings& settings = experiment.settings;
  const Model& model = catalogue.models.at(settings.text("labels.scorer.model"));
  std::map<std::string, Value> values, fallbacks;
  auto declare = [&](const Key& key) {
    if (key.key == "profile" || key.key == "width" || key.key == kKeepWeights || key.key.starts_with("labels.scor"))
      return;
    if (key.fallback && !(key.fallback->is_string() && key.fallback->get<std::string>().starts_with("=")))
      values[key.key] = fallbacks[key.key] = *key.fallback;
    if (auto own = model.settings.find(key.key); own != model.settings.end()) values[key.key] = key.check(own->second);
  };
  for (const Key& key : catalogue.common) declare(key);
  for (const Key& key : catalogue.methods.at("ce").keys) declare(key);
  for (const auto& [key, value] : settings.all())
    if (key.starts_with("data.")) values[key] = value;
  for (auto [key, value] : std::map<std::string, Value>{{"method", "ce"},
                                                        {"dataset", settings.at("dataset")},
                                                        {"model", model.name},
                                                        {"labels.kind", "clean"},
                                                        {"seed", settings.at("labels.scorer.seed")}})
    values[key] = value;
  if (std::int64_t epochs = settings.integer("labels.scorer.epochs")) values["train.epochs"] = epochs;
  for (const auto* keys : {&catalogue.common, &catalogue.methods.at("ce").keys})
    for (const Key& key : *keys)
      if (!holds(key, values)) values.erase(key.key);

  Draft draft{.label = "generator"};
  draft.stage.kind = StageKind::train;
  draft.stage.version = catalogue.methods.at("ce").version;
  draft.stage.outputs = {Output::metrics, Output::weights};
  draft.stage.fingerprints["data"] = catalogue.fingerprints.at(settings.text("dataset"));
  for (const auto& [key, value] : values) {
    draft.stage.settings.set(key, value);
    bool data = key.starts_with("data.");
    if (data ? experiment.defaulted.count(key) != 0 : fallbacks.count(key) && fallbacks.at(key) == value)
      draft.stage.defaulted.insert(key);
    if (!data) draft.origin[key] = "labels.scorer";  // no key: it varies with none of the experiment's
  }
  return draft;
}

// Scores by a classifier: that of a model's weights, or of a model that a stage before trains.
std::size_t add_classifier_scores(std::vector<Draft>& drafts, Draft score, const Experiment& experiment) {
  const Settings& settings = experiment.settings;
  keep_settings(score, {"dataset"}, /*labels=*/false);
  for (const char* key : {"model", "mode", "chunk", "view", "seed"})
    if (std::string origin = std::string("labels.scorer.") + key; settings.has(origin)) {
      score.stage.settings.set(key, settings.at(origin));
      score.origin[key] = origin;
    }
  score.stage.settings.set("scorer", "classifier");
  if (settings.text("labels.scores") == "trained") {
    Draft generator = trained_scorer(experiment);
    add_backbone(drafts, generator, settings.text("labels.scorer.model"), experiment.catalogue);
    score.edges["classifier"] = {drafts.size(), Output::weights};
    drafts.push_back(std::move(generator));
  }
  add_backbone(drafts, score, settings.text("labels.scorer.model"), experiment.catalogue);
  drafts.push_back(std::move(score));
  return drafts.size() - 1;
}

std::size_t add_scores(std::vector<Draft>& drafts, const Experiment& experiment) {
  Draft score = draft_of(experiment, "", StageKind::score);
  score.label = "score";
  score.stage.outputs = {Output::metrics, Output::scores};
  std::string name = experiment.settings.text("labels.scores");
  if (name == "classifier" || name == "trained") return add_classifier_scores(drafts, std::move(score), experiment);
  if (name != "zero-shot") {
    keep_settings(score, {"dataset"}, /*labels=*/false);
    score.stage.fingerprints["scores"] = experiment.catalogue.fingerprints.at("scores/" + name);
    drafts.push_back(std::move(score));
    return drafts.size() - 1;
  }
  for (const char* key : {"model", "template"}) {
    std::string origin = std::string("labels.scorer.") + key;
    score.stage.settings.set(key, score.stage.settings.text(origin));
    score.origin[key] = origin;
    score.stage.defaulted.erase(key);  // of two stages that score alike one may have it from its model
  }
  keep_settings(score, {"dataset", "model", "template"}, /*labels=*/false);
  add_backbone(drafts, score, score.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(score));
  return drafts.size() - 1;
}

}  // namespace

void add_candidate_sets(std::vector<Draft>& drafts, Draft& user, const Experiment& experiment) {
  const Settings& settings = experiment.settings;
  bool narrowed = settings.has("labels.keep_fraction") && settings.real("labels.keep_fraction") < 1;
  erase_setting(user, "labels.keep_fraction");
  erase_scorer(user);
  if (!narrowed && settings.text("labels.kind") != "instance-candidates") return;
  std::size_t scores = add_scores(drafts, experiment);
  if (!narrowed) {
    user.edges["scores"] = {scores, Output::scores};
    return;
  }
  Draft narrow = draft_of(experiment, "", StageKind::narrow);
  narrow.label = "narrow";
  narrow.stage.outputs = {Output::metrics, Output::labels};
  keep_settings(narrow, {"dataset", "seed"}, /*labels=*/true);  // labels.seed is left out where it is the seed
  erase_scorer(narrow);
  narrow.edges["scores"] = {scores, Output::scores};
  user.edges["labels"] = {drafts.size(), Output::labels};
  drafts.push_back(std::move(narrow));
  for (const auto& [key, value] : settings.all())
    if (key.starts_with("labels.")) erase_setting(user, key);
  user.stage.fingerprints.erase("labels");
}

}  // namespace winnow::sweep
