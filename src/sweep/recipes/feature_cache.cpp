// `feature-cache`: features of the labelled images, averaged over augmented copies, and the classes' texts; then a
// classifier of both, tuned on labelled samples that are set aside (Tip-Adapter). docs/methods/unsupervised.md#6.6.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> feature_cache_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t texts = add_zero_shot_scores(drafts, experiment, "");
  drafts[texts].stage.outputs.insert(Output::features);

  Draft embed = draft_of(experiment, "", StageKind::embed);
  embed.label = "embed";
  embed.stage.outputs = {Output::metrics, Output::features};
  keep_settings(embed, {"dataset", "model", "views.weak", "embed_epochs", "seed"}, /*labels=*/false);
  add_backbone(drafts, embed, embed.stage.settings.text("model"), experiment.catalogue);
  std::size_t support = drafts.size();
  drafts.push_back(std::move(embed));

  Draft train = own_training(experiment);
  train.stage.settings.set("validation_labelled", true);
  train.stage.outputs = {Output::metrics, Output::labels};
  train.edges["texts"] = {texts, Output::features};
  train.edges["support"] = {support, Output::features};
  add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
