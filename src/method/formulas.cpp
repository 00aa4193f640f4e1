#include "winnow/method/formulas.h"

#include <ATen/ATen.h>

#include <limits>

namespace winnow::method {

Tensor uniform_over(const Tensor& candidates) { return candidates / candidates.sum(1, true); }

Tensor masked_softmax(const Tensor& logits, const Tensor& mask) {
  return at::softmax(logits.masked_fill(mask == 0, -std::numeric_limits<double>::infinity()), 1);
}

Tensor soft_cross_entropy(const Tensor& logits, const Tensor& target) {
  return -(target * at::log_softmax(logits, 1)).sum(1).mean();
}

Tensor divergence(const Tensor& target, const Tensor& logits) {
  return (at::xlogy(target, target) - target * at::log_softmax(logits, 1)).sum(1).mean();
}

Tensor cross_entropy(const Tensor& logits, const Tensor& given) {
  return -at::log_softmax(logits, 1).gather(1, given.unsqueeze(1)).squeeze(1);
}

Tensor masked_mean(const Tensor& values, const Tensor& mask) {
  Tensor weight = mask.to(values.scalar_type());
  return (values * weight).sum() / weight.sum().clamp_min(1);
}

}  // namespace winnow::method
