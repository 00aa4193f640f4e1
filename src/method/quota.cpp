#include "winnow/method/quota.h"

#include <ATen/ATen.h>

namespace winnow::method {

at::Tensor smallest_per_class(const at::Tensor& losses, const at::Tensor& labels, const at::Tensor& eligible,
                              const at::Tensor& prior, double fraction) {
  std::int64_t B = losses.size(0), C = prior.size(0);
  at::Tensor quota = (static_cast<double>(B) * prior.to(at::kDouble) * fraction).ceil().clamp_min(1);
  // By class and then by loss: a class of its own for those who are not eligible.
  at::Tensor own = labels.masked_fill(eligible.logical_not(), C);
  at::Tensor by_loss = std::get<1>(losses.sort(/*stable=*/true, 0, /*descending=*/false));
  at::Tensor order =
      by_loss.index_select(0, std::get<1>(own.index_select(0, by_loss).sort(/*stable=*/true, 0, /*descending=*/false)));
  at::Tensor sorted = own.index_select(0, order);
  at::Tensor members = at::zeros({C + 1}, labels.options()).index_add_(0, own, at::ones_like(labels));
  at::Tensor first = members.cumsum(0) - members;
  at::Tensor rank = at::arange(B, labels.options()) - first.index_select(0, sorted);
  at::Tensor limit = at::cat({quota, at::zeros({1}, quota.options())}).index_select(0, sorted);
  return at::zeros({B}, eligible.options()).index_copy_(0, order, rank.to(at::kDouble) < limit);
}

}  // namespace winnow::method
