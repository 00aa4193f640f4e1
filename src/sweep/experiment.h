// From effective settings to the stages of an experiment.
#pragma once

#include <vector>

#include "effective.h"
#include "recipe.h"

namespace winnow::sweep {

Settings settings_of(Effective&);                                    // all of them

// The stages, in topological order, with their inputs; the last one yields the table cell.
struct Stages {
  std::vector<Draft> drafts;
  std::vector<Identity> identities;
};
Stages stages_of(Effective&, const Catalogue&);

}  // namespace winnow::sweep
