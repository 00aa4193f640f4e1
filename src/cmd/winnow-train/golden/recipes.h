// Cases of several stages: their train stages go through the stage executor, in the order of the recipe.
#pragma once

#include "golden/case.h"
#include "golden/kinds.h"

namespace winnow::golden {

// False for a case of one stage whose method is the subject's own.
bool run_recipe(Case&, const Options&);

}  // namespace winnow::golden
