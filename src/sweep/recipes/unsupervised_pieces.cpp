// Stages that the recipes without labels share: docs/methods/unsupervised.md#3.7.
#include <fmt/format.h>

#include "recipes.h"

namespace winnow::sweep {

void take_setting(Draft& draft, const Experiment& experiment, const std::string& name, const std::string& key) {
  draft.stage.settings.set(name, experiment.settings.at(key));
  if (name != key) draft.origin[name] = key;
  draft.stage.defaulted.erase(name);
  if (experiment.defaulted.count(key)) draft.stage.defaulted.insert(name);
}

namespace {

// Of the stage of a table, or of the one that yields the cell, with the prompt of the fixed model as its class texts.
Draft fixed_model(const Experiment& experiment, std::string_view table, StageKind kind,
                  const std::set<std::string>& keys) {
  Draft draft = draft_of(experiment, table, kind);
  take_setting(draft, experiment, "template", "prompt");
  std::set<std::string> kept = keys;
  kept.insert({"dataset", "model", "template", "views.test", "views.test_normalisation"});
  keep_settings(draft, kept, /*labels=*/false);
  return draft;
}

}  // namespace

void take_labelled_shots(Draft& draft, const Experiment& experiment) {
  constexpr const char* kKey = "labelled_shots";
  if (experiment.settings.has(kKey) && experiment.settings.integer(kKey) > 0)
    take_setting(draft, experiment, kKey, kKey);
}

std::size_t add_zero_shot_scores(std::vector<Draft>& drafts, const Experiment& experiment, std::string_view table) {
  Draft score = fixed_model(experiment, table, StageKind::score, {});
  score.label = "score";
  score.stage.outputs = {Output::metrics, Output::scores};
  add_backbone(drafts, score, score.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(score));
  return drafts.size() - 1;
}

std::size_t add_text_features(std::vector<Draft>& drafts, const Experiment& experiment, std::string_view table,
                              const std::string& prompt) {
  Draft embed = draft_of(experiment, table, StageKind::embed);
  embed.label = "embed";
  take_setting(embed, experiment, "template", prompt);
  keep_settings(embed, {"dataset", "model", "template"}, /*labels=*/false);
  embed.stage.outputs = {Output::metrics, Output::features};
  embed.stage.settings.set("embed_texts", true);
  embed.origin["embed_texts"] = "texts";  // no key: it varies with none of the experiment's
  add_backbone(drafts, embed, embed.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(embed));
  return drafts.size() - 1;
}

Draft zero_shot_evaluation(std::vector<Draft>& drafts, const Experiment& experiment) {
  Draft evaluate = fixed_model(experiment, "", StageKind::evaluate,
                               {"views.ensemble", "views.ensemble_expand", "views.ensemble_times",
                                "evaluation.shot_factor", "evaluation.further_tests"});
  evaluate.label = "evaluate";
  add_backbone(drafts, evaluate, evaluate.stage.settings.text("model"), experiment.catalogue);
  return evaluate;
}

std::size_t add_selection(std::vector<Draft>& drafts, const Experiment& experiment, std::size_t scores,
                          std::int64_t round) {
  Draft select = draft_of(experiment, "", StageKind::select);
  select.label = "select";
  select.stage.outputs = {Output::metrics, Output::selection};
  bool candidates = experiment.settings.has("alpha");
  keep_settings(select, {"dataset", "k", "selection", "alpha", "beta"}, /*labels=*/false);
  if (candidates) select.stage.settings.set("selection", "candidates");
  bool growing = experiment.settings.integer("k") == 0;
  if (growing || candidates) select.stage.settings.set("round", round);
  if (growing) take_setting(select, experiment, "rounds", "rounds");
  bool second_alone =
      experiment.settings.has("labelled_phases") && experiment.settings.text("labelled_phases") == "second";
  if (!second_alone) take_labelled_shots(select, experiment);
  if (experiment.settings.has("held_out") && experiment.settings.real("held_out") > 0)
    take_setting(select, experiment, "held_out", "held_out");
  select.edges["scores"] = {scores, Output::scores};
  drafts.push_back(std::move(select));
  return drafts.size() - 1;
}

Draft own_training(const Experiment& experiment) {
  Draft train = draft_of(experiment, "", StageKind::train);
  for (const Key& key : experiment.method.keys)
    if (key.of_recipe) erase_setting(train, key.key);
  std::string name = experiment.method.learner.empty() ? experiment.method.implementation : experiment.method.learner;
  train.stage.settings.set("method", name);
  train.stage.version = experiment.catalogue.method(name).version;
  return train;
}

Draft trained_on(Draft train, std::size_t selection, Draw draw) {
  train.stage.settings.set("member", draw.member);
  train.stage.settings.set("round", draw.round);
  train.edges["selection"] = {selection, Output::selection};
  return train;
}

void add_ensemble(std::vector<Draft>& drafts, const Experiment& experiment, const std::vector<std::size_t>& members,
                  const std::vector<std::size_t>& phase1, const char* average, std::optional<std::size_t> texts) {
  Draft ensemble = draft_of(experiment, "", StageKind::ensemble);
  ensemble.label = "ensemble";
  keep_settings(ensemble, {"dataset"}, /*labels=*/false);
  ensemble.stage.settings.set("average", average);
  for (std::size_t m = 0; m < members.size(); ++m)
    ensemble.edges[fmt::format("member.{}", m + 1)] = {members[m], Output::predictions};
  for (std::size_t m = 0; m < phase1.size(); ++m)
    ensemble.edges[fmt::format("phase1.{}", m + 1)] = {phase1[m], Output::predictions};
  if (texts) ensemble.edges["texts.1"] = {*texts, Output::predictions};
  drafts.push_back(std::move(ensemble));
}

}  // namespace winnow::sweep
