// The stages before training that make candidate sets from another model's scores.
#include "recipes.h"

namespace winnow::sweep {

namespace {

void erase(Draft& draft, const std::string& key) {
  draft.stage.settings.erase(key);
  draft.stage.defaulted.erase(key);
}

std::size_t add_scores(std::vector<Draft>& drafts, const Experiment& experiment) {
  Draft score = draft_of(experiment, "", StageKind::score);
  score.label = "score";
  score.stage.outputs = {Output::metrics, Output::scores};
  if (std::string name = experiment.settings.text("labels.scores"); name != "zero-shot") {
    keep_settings(score, {"dataset"}, /*labels=*/false);
    score.stage.fingerprints["scores"] = experiment.catalogue.fingerprints.at("scores/" + name);
    drafts.push_back(std::move(score));
    return drafts.size() - 1;
  }
  for (const char* key : {"model", "template"}) {
    std::string origin = std::string("labels.scorer.") + key;
    score.stage.settings.set(key, score.stage.settings.text(origin));
    score.origin[key] = origin;
    score.stage.defaulted.erase(key);             // of two stages that score alike one may have it from its model
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
  for (const char* key : {"labels.keep_fraction", "labels.scores", "labels.scorer.model", "labels.scorer.template"}) erase(user, key);
  if (!narrowed && settings.text("labels.kind") != "instance-candidates") return;
  std::size_t scores = add_scores(drafts, experiment);
  if (!narrowed) {
    user.edges["scores"] = {scores, Output::scores};
    return;
  }
  Draft narrow = draft_of(experiment, "", StageKind::narrow);
  narrow.label = "narrow";
  narrow.stage.outputs = {Output::metrics, Output::labels};
  keep_settings(narrow, {"dataset", "seed"}, /*labels=*/true);          // labels.seed is left out where it is the seed
  for (const char* key : {"labels.scores", "labels.scorer.model", "labels.scorer.template"}) erase(narrow, key);
  narrow.edges["scores"] = {scores, Output::scores};
  user.edges["labels"] = {drafts.size(), Output::labels};
  drafts.push_back(std::move(narrow));
  for (const auto& [key, value] : settings.all())
    if (key.starts_with("labels.")) erase(user, key);
  user.stage.fingerprints.erase("labels");
}

}  // namespace winnow::sweep
