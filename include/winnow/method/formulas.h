// Formulas that several methods share. Notation of docs/methods/partial-labels.md: z logits, Y candidate mask, Q
// confidences, all B x C.
//
// A row without candidates (after a filter, say) is ignored: its confidences are zero, and so are its losses.
#pragma once

#include <ATen/core/Tensor.h>

#include <limits>

namespace winnow::method {

using at::Tensor;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

Tensor uniform_over(const Tensor& candidates);  // u = Y / |S|; of other masses: each row divided by its sum
Tensor masked_softmax(const Tensor& logits,
                      const Tensor& mask);        // msm: softmax over the entries where mask is 1, zero elsewhere
Tensor has_candidates(const Tensor& candidates);  // B, bool
// Indicator (B x C) of the candidate with the largest logit, the lowest class on ties.
Tensor guess_among(const Tensor& logits, const Tensor& candidates);
Tensor at_labels(const Tensor& rows, const Tensor& labels);  // B: of each row (B x C) the entry at its label
Tensor one_hot(const Tensor& labels, const Tensor& like);    // B x C in the type of `like` (B x C)

Tensor soft_losses(const Tensor& logits, const Tensor& target);         // B: -sum_c t log p
Tensor soft_cross_entropy(const Tensor& logits, const Tensor& target);  // RC(z, t): their mean, zero of no rows
Tensor divergence(const Tensor& target, const Tensor& logits);          // KL(t || softmax z), batch mean, 0 log 0 = 0
Tensor cross_entropy(const Tensor& logits, const Tensor& given);        // B: -log p at the given labels
// B: alpha CE + beta RCE, RCE_i = -sum_c max(p_ic, 1e-7) log max([c = given_i], 1e-4).
// docs/methods/noisy-labels.md#6.3.
Tensor symmetric_cross_entropy(const Tensor& logits, const Tensor& given, double alpha, double beta);
// B: cross-entropy with the target (1 - s) onehot + s / C.
Tensor smoothed_cross_entropy(const Tensor& logits, const Tensor& given, double smoothing);
// B: (1 - p_y^q) / q. Zhang and Sabuncu, "Generalized cross entropy loss for training deep neural networks with noisy
// labels", 2018, Eq. 6; docs/methods/noisy-labels.md#6.4.
Tensor generalised_cross_entropy(const Tensor& logits, const Tensor& given, double q);
Tensor negative_entropy(const Tensor& logits);  // B: sum_c p log p, 0 log 0 = 0; as a loss it spreads predictions
Tensor masked_mean(const Tensor& values, const Tensor& mask);  // zero, not NaN, where the mask is empty
Tensor mean_of(const Tensor& values);                          // zero of no values

// Weight of a term that grows from nothing: min(1, position / length); 1 where there is no length.
double ramp(double position, double length);

}  // namespace winnow::method
