// Which axes of a sweep make the rows of its table and which the columns.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::report {

// Values of all experiments, as text, by axis.
struct AxisValues {
  std::vector<std::string> axes;
  std::vector<std::vector<std::string>> values;     // [axis][experiment]; "-" where the setting does not exist
};

AxisValues axis_values(const sweep::Plan&);

// For each axis: does it describe the method? Keys that methods declare do, and axes with one value for each method (an
// override for a method, say). As columns they would be half empty.
std::vector<bool> describes_method(const AxisValues&, const std::vector<std::string>& method, const sweep::Plan&);

}  // namespace winnow::report
