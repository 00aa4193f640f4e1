// Whether what presets say fits what they say it of: keys that are declared, values of their type and range, names of
// data sets that there are.
#pragma once

#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// UsageError with file and line for the first that does not.
void check_presets(const Catalogue&);

}  // namespace winnow::sweep
