// The MixMatch step of DivideMix, LongReMix and UNICON: labelled samples with refined labels and unlabelled ones with
// guessed labels, mixed with each other. Berthelot et al., "MixMatch: a holistic approach to semi-supervised learning",
// 2019; Li et al., "DivideMix", 2020; docs/methods/noisy-labels.md#6.5. Any device, no host synchronisation; targets
// have no gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace winnow::method {

// p^(1/T), each row divided by its sum. p: B x C.
at::Tensor sharpened(const at::Tensor& probability, double temperature);

// Targets, B x C. Of unlabelled samples: the sharpened mean of the predictions (each B x C, of networks and views). Of
// labelled ones: the sharpened w onehot(given) + (1 - w) mean. given, weight: B, the probability that the label is
// right.
at::Tensor guessed_targets(const std::vector<at::Tensor>& predictions, double temperature);
at::Tensor refined_targets(const std::vector<at::Tensor>& predictions, const at::Tensor& given,
                           const at::Tensor& weight, double temperature);

// logits, target: of the mixed rows, those of labelled samples first.
struct MixMatchLosses {
  at::Tensor labelled;    // mean of -sum t log p
  at::Tensor unlabelled;  // mean over rows and classes of (p - t)^2
  at::Tensor penalty;     // sum_c 1/C log((1/C) / mean p_c) over all rows: against predictions of one class alone
};
MixMatchLosses mixmatch_losses(const at::Tensor& logits, const at::Tensor& target, std::int64_t labelled_rows);

}  // namespace winnow::method
