// Which axes of a grid decide the shape of an experiment (its keys, presets, overrides, stages), and which only fill in
// a value. Experiments that differ in the latter alone share one template, which is what makes a million of them cheap.
#pragma once

#include <vector>

#include "grammar.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// For each grid, for each of its axes: is it structural by what the sweep and the presets say? What recipes and checks
// look at comes to light only when they run (Expander::hold_still) and makes further axes structural.
std::vector<std::vector<bool>> structural_axes(const SweepFile&, const Catalogue&);

}  // namespace winnow::sweep
