// `distillation`: a student learns what a fixed teacher (table `teacher`) says of images without labels (PromptKD).
// docs/methods/unsupervised.md#6.8.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> distillation_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t teacher = add_zero_shot_scores(drafts, experiment, "teacher");
  drafts[teacher].stage.outputs.insert(Output::features);
  Draft train = own_training(experiment);
  train.edges["teacher"] = {teacher, Output::scores};
  train.edges["texts"] = {teacher, Output::features};
  add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
