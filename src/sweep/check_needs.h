// What the methods of an experiment cannot do without, by the words `needs` and `shares` of their presets.
#pragma once

#include "inspection.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// Of the method, its learner, and those that earlier stages run. UsageError naming who set what does not do.
void check_needs(Inspection&, const Catalogue&);

}  // namespace winnow::sweep
