#include "winnow/report/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "winnow/core/error.h"

namespace winnow::report {

Summary summarise(std::span<const double> values) {
  if (values.empty()) throw InternalError("a mean of no values");
  auto n = static_cast<double>(values.size());
  std::vector<double> sorted(values.begin(), values.end());
  if (std::none_of(sorted.begin(), sorted.end(), [](double value) { return std::isnan(value); }))
    std::sort(sorted.begin(), sorted.end());
  double sum = 0, squares = 0;
  for (double value : sorted) sum += value;
  Summary summary{values.size(), sum / n, std::nullopt};
  // Around the mean, not from the sum of squares: accuracies of seeds agree in their first digits.
  for (double value : sorted) squares += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.deviation = std::sqrt(squares / (n - 1));
  return summary;
}

bool equal(double a, double b, double scale) { return a == b || std::abs(a - b) <= kEqual * std::abs(scale); }
bool equal(double a, double b) { return equal(a, b, std::max(std::abs(a), std::abs(b))); }

}  // namespace winnow::report
