// `file`: how well a selection from outside finds the clean samples. The cell's stage is the detector itself; nothing
// is trained. docs/methods/noisy-labels.md#6.9.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> file_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  add_mask(drafts, experiment, "");
  return drafts;
}

}  // namespace winnow::sweep
