// Numbers of a table cell.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace winnow::report {

struct Summary {
  std::size_t n = 0;
  double mean = 0;                          // NaN where a value is NaN: nothing is averaged away
  std::optional<double> deviation;          // sample standard deviation (divisor n - 1); none for one value
};

Summary summarise(std::span<const double> values);   // not empty

}  // namespace winnow::report
