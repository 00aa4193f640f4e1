// `train`: one stage that trains the method on the labels as they were given; before it, where this project makes the
// backbone itself, the stage that pre-trains it; and where another model's scores make or narrow candidate sets, those
// stages; and the first run of a method that runs twice.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> train_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  Draft train = draft_of(experiment, "", StageKind::train);
  train.stage.version = experiment.method.version;
  train.stage.outputs = {Output::metrics};
  add_learner(drafts, train, experiment.method, experiment.catalogue);
  if (experiment.method.labels != LabelNeed::none) {  // a program may learn without
    train.stage.outputs.insert(Output::labels);
    add_candidate_sets(drafts, train, experiment);
  }
  if (experiment.method.runs_twice()) add_first_run(drafts, train, experiment.method);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
