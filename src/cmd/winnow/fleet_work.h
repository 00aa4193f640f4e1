// Planned sweeps as a fleet's work.
#pragma once

#include <string>
#include <vector>

#include "united_plans.h"
#include "winnow/fleet/work.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// What is done, or is an input of nothing that has still to be done, counts as done. A stage has the priority of the
// first sweep that needs it. `files` and `catalogues`: the sweeps' and what they were planned against, in the order of
// the plans. The work refers to `plans`. UsageError where two sweeps need stages of a data set that their presets
// describe differently.
fleet::Work work_of(const UnitedPlans& plans, std::vector<std::string> files, const std::vector<sweep::Catalogue>&);

}  // namespace winnow::cmd
