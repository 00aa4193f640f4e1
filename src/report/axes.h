// Which axes of a sweep make the rows of its table and which the columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::report {

// Which value each experiment has on each axis of the sweep.
class AxisValues {
 public:
  explicit AxisValues(const sweep::Plan&);

  const std::vector<std::string>& axes() const { return axes_; }
  // The place of an axis; "method" is the last one, if the sweep has only one and so no axis of that name. None: no
  // axis.
  std::optional<std::size_t> find(const std::string& axis) const;
  // All its values as text, in order; "-" last, where some experiment has no such setting.
  const std::vector<std::string>& texts(std::size_t axis) const { return texts_[axis]; }
  std::uint32_t number(std::size_t axis, std::size_t experiment) const {
    return numbers_[axis][experiment];
  }  // in texts()
  const std::string& text(std::size_t axis, std::size_t experiment) const {
    return texts_[axis][number(axis, experiment)];
  }

 private:
  std::vector<std::string> axes_;
  std::vector<std::vector<std::string>> texts_;
  std::vector<std::vector<std::uint32_t>> numbers_;
};

// For each axis: does it describe the method? Keys that methods declare do, and axes with one value for each method (an
// override for a method, say). As columns they would be half empty.
std::vector<bool> describes_method(const AxisValues&, const sweep::Plan&);

}  // namespace winnow::report
