#include "winnow/method/transport.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace winnow::method {

at::Tensor transport_plan(const at::Tensor& log_rows, const at::Tensor& present, const at::Tensor& prior, double power, std::int64_t rounds) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  at::Tensor rows = log_rows.to(at::kDouble).masked_fill(present.logical_not().unsqueeze(1), -kInfinity);
  at::Tensor zero = rows == -kInfinity;
  at::Tensor relaxed = zero.all(0).any();         // a class without mass
  at::Tensor part = present.logical_and(zero.all(1).logical_not().logical_or(relaxed));
  at::Tensor kernel = power * rows.masked_fill(zero.logical_and(relaxed), std::log(1e-5)).masked_fill(part.logical_not().unsqueeze(1), 0);

  at::Tensor log_count = part.sum().to(at::kDouble).log();
  at::Tensor share = (-log_count).expand({rows.size(0)}).masked_fill(part.logical_not(), -kInfinity);
  at::Tensor wanted = prior.to(at::kDouble).log(), row_scale = share, class_scale = at::zeros_like(wanted);
  for (std::int64_t round = 0; round < rounds; ++round) {
    class_scale = wanted - at::logsumexp(kernel + row_scale.unsqueeze(1), 0);
    row_scale = share - at::logsumexp(kernel + class_scale, 1);
  }
  at::Tensor plan = (log_count + row_scale.unsqueeze(1) + kernel + class_scale).exp();
  // Where nothing can be transported (a row whose only classes have the prior 0) infinities meet: such rows get nothing.
  return at::nan_to_num(plan, 0.0).masked_fill(zero, 0);
}

}  // namespace winnow::method
