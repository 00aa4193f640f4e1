// `prompt-rounds`: a prompt is learned anew in every round, on labels that the last round's gives (IFPL, GRIP, CPL).
// docs/methods/unsupervised.md#6.2 and #6.4.
#include "recipes.h"

namespace winnow::sweep {

namespace {

// Tokens of images in the place of a prompt, or beside it: #6.2.
void learn_tokens(Draft& train, const Experiment& experiment, bool texts) {
  const Method& method = experiment.catalogue.method(texts ? "multimodal-prompts" : "visual-prompts");
  train.stage.settings.set("method", method.name);
  train.stage.version = method.version;
  if (texts) return;
  for (const char* key : {"context_length", "context_of", "name_place", "period"}) erase_setting(train, key);
}

}  // namespace

std::vector<Draft> prompt_rounds_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t fixed = add_zero_shot_scores(drafts, experiment, ""), scores = fixed;
  std::string modality = experiment.settings.has("modality") ? experiment.settings.text("modality") : "textual";
  if (modality == "visual") drafts[fixed].stage.outputs.insert(Output::features);
  std::int64_t rounds = experiment.settings.integer("rounds");
  bool warm = experiment.settings.flag("warm_start");
  for (std::int64_t round = 1; round <= rounds; ++round) {
    std::size_t selection = add_selection(drafts, experiment, scores, round);
    Draft train = trained_on(own_training(experiment), selection, {1, round});
    if (modality != "textual") learn_tokens(train, experiment, modality == "multimodal");
    if (modality == "visual") train.edges["texts"] = {fixed, Output::features};
    train.stage.settings.set("train.batches", "selected");
    train.stage.outputs = {Output::metrics};
    if (round < rounds) train.stage.outputs.insert(Output::scores);
    if (warm && round < rounds) train.stage.outputs.insert(Output::weights);
    if (warm && round > 1) train.edges["prompts"] = {scores, Output::weights};
    add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
    scores = drafts.size();
    drafts.push_back(std::move(train));
  }
  return drafts;
}

}  // namespace winnow::sweep
