// What a stage is called where people read: in progress, failures and the status of a run.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// A table cell by its method and the values of the sweep's axes, "proden, flip 0.1, seed 2"; an earlier stage by its
// name in the recipe, its own method or its model, and those axes that it has, "detect gmm, symmetric 0.4, seed 1".
// `axes`: those of the plan; `cell`: whether its result is an experiment's number.
std::string stage_label(const sweep::Plan&, std::uint32_t node, const std::vector<std::string>& axes, bool cell);

}  // namespace winnow::cmd
