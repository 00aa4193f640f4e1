// `label-match`: how well a fixed model finds the clean samples. The cell's stage is the detector itself; nothing is
// trained. docs/methods/noisy-labels.md#6.6.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> label_match_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  add_label_match(drafts, experiment, "");
  return drafts;
}

}  // namespace winnow::sweep
