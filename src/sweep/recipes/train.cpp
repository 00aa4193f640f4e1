// `train`: one stage that trains the method on the labels as they were given; before it, where this project makes the
// backbone itself, the stage that pre-trains it.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> train_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  Draft train{.label = "train"};
  train.stage.kind = StageKind::train;
  train.stage.version = experiment.method.version;
  train.stage.outputs = {Output::metrics, Output::labels};
  train.stage.fingerprints["data"] = experiment.fingerprints.at(experiment.settings.text("dataset"));
  if (experiment.model.pretrain) {
    drafts.push_back(pretrain_draft(experiment.model, experiment.fingerprints));
    train.edges["backbone"] = {0, Output::weights};
  } else {
    train.stage.fingerprints["weights"] = experiment.fingerprints.at(experiment.model.name);
  }
  train.stage.settings = std::move(experiment.settings);
  train.stage.defaulted = std::move(experiment.defaulted);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
