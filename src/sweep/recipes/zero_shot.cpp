// `zero-shot`: a fixed model on the test split; one stage. docs/methods/unsupervised.md#2.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> zero_shot_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  Draft evaluate = zero_shot_evaluation(drafts, experiment);
  drafts.push_back(std::move(evaluate));
  return drafts;
}

}  // namespace winnow::sweep
