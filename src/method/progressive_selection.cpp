#include "winnow/method/progressive_selection.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "winnow/method/formulas.h"
#include "winnow/method/rank_in_class.h"

namespace winnow::method {

double selected_share(double start, double end, std::int64_t epoch, std::int64_t length) {
  return start + (end - start) * ramp(static_cast<double>(epoch), static_cast<double>(length));
}

at::Tensor small_losses_of_classes(const at::Tensor& losses, const at::Tensor& given, std::int64_t classes,
                                   double rho) {
  double share = rho * static_cast<double>(losses.size(0)) / static_cast<double>(classes);
  auto quota = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(share)));
  return rank_in_class(losses, given, classes, Order::rising) < quota;
}

at::Tensor matched_confidence(const at::Tensor& probability_of_given, double tau) { return probability_of_given > tau; }

}  // namespace winnow::method
