// Which parts of the shared code (winnow/stage/shared_code.h) a stage uses. Rather one too many than one too few: a
// part that is left out here lets old results stand where the code has changed.
#pragma once

#include "recipe.h"

namespace winnow::sweep {

// With the catalogue's versions. `draft` is whole but for its inputs' identities.
PartVersions parts_of(const Draft& draft, const Catalogue&);

}  // namespace winnow::sweep
