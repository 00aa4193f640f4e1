#include "winnow/method/quota.h"

#include <ATen/ATen.h>

#include "winnow/method/rank_in_class.h"

namespace winnow::method {

at::Tensor smallest_per_class(const at::Tensor& losses, const at::Tensor& labels, const at::Tensor& eligible,
                              const at::Tensor& prior, double fraction) {
  std::int64_t C = prior.size(0);
  at::Tensor quota = (static_cast<double>(losses.size(0)) * prior.to(at::kDouble) * fraction).ceil().clamp_min(1);
  at::Tensor own = labels.masked_fill(eligible.logical_not(), C);  // a class of its own for those who are not eligible
  at::Tensor limit = at::cat({quota, at::zeros({1}, quota.options())}).index_select(0, own);
  return rank_in_class(losses, own, C + 1, Order::rising).to(at::kDouble) < limit;
}

}  // namespace winnow::method
