// Where a sweep asks for the width of a stage.
#pragma once

#include <string>

#include "united_plans.h"

namespace winnow::cmd {

// "FILE:LINE", or "width" where none is known. It is the largest that an experiment asks for, which need not be the
// first one that needs the stage.
std::string place_of_width(const UnitedPlans&, const UnitedPlans::Member&);

}  // namespace winnow::cmd
