// Formulas that several methods share. Notation of spec/pll.md: z logits, Y candidate mask, Q confidences, all B x C.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

using at::Tensor;

Tensor uniform_over(const Tensor& candidates);                        // u = Y / |S|
Tensor masked_softmax(const Tensor& logits, const Tensor& mask);      // msm: softmax over the entries where mask is 1, zero elsewhere
Tensor soft_cross_entropy(const Tensor& logits, const Tensor& target);  // RC(z, t) = -1/B sum_i sum_c t log p
Tensor divergence(const Tensor& target, const Tensor& logits);        // KL(t || softmax z), batch mean, 0 log 0 = 0
Tensor cross_entropy(const Tensor& logits, const Tensor& given);      // B: -log p at the given labels
Tensor masked_mean(const Tensor& values, const Tensor& mask);         // zero, not NaN, where the mask is empty

}  // namespace winnow::method
