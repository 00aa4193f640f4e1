// Numbers of a table cell.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace winnow::report {

struct Summary {
  std::size_t n = 0;
  double mean = 0;                  // NaN where a value is NaN: nothing is averaged away
  std::optional<double> deviation;  // sample standard deviation (divisor n - 1); none for one value
};

// InternalError for no values. Values are summed in the order of their size: the order of seeds changes no bit.
Summary summarise(std::span<const double> values);

// Means of different values that are equal on paper differ by their rounding: 0.1 + 0.1 + 0.5 and 0.1 + 0.2 + 0.4.
// Numbers are equal, wherever a report compares some, when they differ by at most this part of `scale`, the largest of
// the numbers that went into them. Accuracies of a million samples over a thousand seeds differ by a thousand times
// more.
constexpr double kEqual = 1e-12;
bool equal(double a, double b, double scale);
bool equal(double a, double b);  // scale: the larger one

}  // namespace winnow::report
