// What makes an experiment impossible, though each of its settings is legal.
#pragma once

#include <vector>

#include "missing.h"
#include "resolver.h"

namespace winnow::sweep {

// Refuses (UsageError) an experiment of this grid: a key that must be set and is not, an axis that means nothing here.
// `applied[id]` becomes true for the settings of the sweep whose key exists here; what applies nowhere is refused when
// all experiments are known.
void validate(Resolved&, const Catalogue&, const Place& grid, std::vector<bool>& applied);

// Refuses what the values say together: labels that the method cannot learn from, scores that a model does not have,
// more samples than there are. What this machine lacks is added to `missing` and gets an open fingerprint.
void inspect(Inspection&, Catalogue&, std::vector<Missing>& missing);

// UsageError for the first setting that applies to no experiment. Those of overrides that never matched are left out:
// the plan notes the override as a whole.
void refuse_unapplied(const SweepFile&, const Catalogue&, const std::vector<bool>& applied,
                      const std::vector<bool>& matched);

}  // namespace winnow::sweep
