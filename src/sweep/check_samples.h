// Are there the samples that an experiment asks for? The numbers are those of the data set as it was checked on this
// machine, else those that its preset expects; where neither says, nothing is refused.
#pragma once

#include "inspection.h"

namespace winnow::sweep {

// UsageError, with key, place and the number that there is, for what every stage of the experiment would refuse, and
// for a long tail that leaves a class without a sample.
void check_samples(Inspection&, const Catalogue&);

}  // namespace winnow::sweep
