// Splits of a data set that are data sets of their own: what its preset says of them. sweeps/presets/README.md.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// Data sets whose test images models of this one may be measured on, too (evaluation.further_tests).
std::vector<std::string> further_tests(const Dataset&);
// The data set whose test images are this one's validation part (data.validation_split); empty: there is none.
std::string validation_split(const Dataset&);
// Has it test images alone? Then it serves as such a split, and nothing is trained on it.
bool is_test_only(const Dataset&);

}  // namespace winnow::sweep
