#include "winnow/method/formulas.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace winnow::method {

Tensor uniform_over(const Tensor& candidates) {
  Tensor sum = candidates.sum(1, true);
  return candidates / sum.masked_fill(sum == 0, 1);
}

Tensor masked_softmax(const Tensor& logits, const Tensor& mask) {
  Tensor outside = mask == 0;
  return at::softmax(logits.masked_fill(outside, -kInfinity), 1).masked_fill(outside, 0);
}

Tensor has_candidates(const Tensor& candidates) { return (candidates != 0).any(1); }

Tensor guess_among(const Tensor& logits, const Tensor& candidates) {
  return one_hot(logits.masked_fill(candidates == 0, -kInfinity).argmax(1), logits) *
         has_candidates(candidates).unsqueeze(1);
}

Tensor at_labels(const Tensor& rows, const Tensor& labels) { return rows.gather(1, labels.unsqueeze(1)).squeeze(1); }

// Unlike at::one_hot, which reads the largest label on the host.
Tensor one_hot(const Tensor& labels, const Tensor& like) {
  return (labels.unsqueeze(1) == at::arange(like.size(1), labels.options())).to(like.options());
}

Tensor soft_losses(const Tensor& logits, const Tensor& target) { return -(target * at::log_softmax(logits, 1)).sum(1); }

Tensor soft_cross_entropy(const Tensor& logits, const Tensor& target) { return mean_of(soft_losses(logits, target)); }

Tensor divergence(const Tensor& target, const Tensor& logits) {
  return (at::xlogy(target, target) - target * at::log_softmax(logits, 1)).sum(1).mean();
}

Tensor cross_entropy(const Tensor& logits, const Tensor& given) {
  return -at_labels(at::log_softmax(logits, 1), given);
}

Tensor smoothed_cross_entropy(const Tensor& logits, const Tensor& given, double smoothing) {
  if (smoothing == 0) return cross_entropy(logits, given);
  return (1 - smoothing) * cross_entropy(logits, given) - smoothing * at::log_softmax(logits, 1).mean(1);
}

Tensor symmetric_cross_entropy(const Tensor& logits, const Tensor& given, double alpha, double beta) {
  Tensor probability = at::softmax(logits, 1).clamp_min(1e-7);
  Tensor target = one_hot(given, logits).clamp_min(1e-4).log();
  return alpha * cross_entropy(logits, given) - beta * (probability * target).sum(1);
}

Tensor generalised_cross_entropy(const Tensor& logits, const Tensor& given, double q) {
  return (1 - (-q * cross_entropy(logits, given)).exp()) / q;
}

Tensor negative_entropy(const Tensor& logits) {
  Tensor log_probability = at::log_softmax(logits, 1);
  return (log_probability.exp() * log_probability).sum(1);
}

Tensor masked_mean(const Tensor& values, const Tensor& mask) {
  Tensor weight = mask.to(values.scalar_type());
  return (values * weight).sum() / weight.sum().clamp_min(1);
}

Tensor mean_of(const Tensor& values) { return values.numel() == 0 ? values.sum() : values.mean(); }

double ramp(double position, double length) { return length > 0 ? std::min(1.0, position / length) : 1.0; }

}  // namespace winnow::method
