// What an experiment's labels give: one label a sample, or a set of candidates.
#pragma once

#include "inspection.h"

namespace winnow::sweep {

// The labels that people gave which labels.set names. UsageError, with the nearest name, where the data set has none of
// it.
const data::LabelSet& annotated_set(Inspection&, const Catalogue&);
bool gives_sets(Inspection&, const Catalogue&);

}  // namespace winnow::sweep
