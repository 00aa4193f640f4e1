// `prompt-rounds`: a prompt is learned anew in every round, on labels that the last round's gives (IFPL, GRIP, CPL).
// docs/methods/unsupervised.md#6.2 and #6.4.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> prompt_rounds_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t scores = add_zero_shot_scores(drafts, experiment, "");
  std::int64_t rounds = experiment.settings.integer("rounds");
  bool warm = experiment.settings.flag("warm_start");
  for (std::int64_t round = 1; round <= rounds; ++round) {
    std::size_t selection = add_selection(drafts, experiment, scores, round);
    Draft train = trained_on(own_training(experiment), selection, {1, round});
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
