#include "winnow/report/statistics.h"

#include <cmath>

namespace winnow::report {

Summary summarise(std::span<const double> values) {
  auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (double value : values) sum += value;
  Summary summary{values.size(), sum / n, std::nullopt};
  // Around the mean, not from the sum of squares: accuracies of seeds agree in their first digits.
  for (double value : values) squares += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.deviation = std::sqrt(squares / (n - 1));
  return summary;
}

}  // namespace winnow::report
