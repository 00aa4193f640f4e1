// From effective settings to the stages of an experiment.
#pragma once

#include <vector>

#include "effective.h"
#include "recipe.h"

namespace winnow::sweep {

Settings settings_of(Effective&);  // all of them

// The stages, in topological order, with their inputs; the last one yields the table cell.
struct Stages {
  std::vector<Draft> drafts;
  std::vector<Identity> identities;
  std::set<std::string>
      read;  // keys of the experiment whose values decided something: rows that differ in them may differ in anything
};
Stages stages_of(Effective&, const Catalogue&);

}  // namespace winnow::sweep
