// What an experiment needs of this machine: content of data, labels, weights, scores, class texts, known by
// fingerprints. What is missing gets an open one (kOpen) in the catalogue, so that the graph can be planned all the
// same.
#pragma once

#include "inspection.h"
#include "winnow/sweep/plan.h"

namespace winnow::sweep {

// Adds to `missing` what is missed for the first time. UsageError for names that can be no such content anywhere: label
// sets that a checked data set does not have.
void note_missing(Inspection&, Catalogue&, std::vector<Missing>& missing);

}  // namespace winnow::sweep
