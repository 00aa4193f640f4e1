// ProMix's logit debiasing: what the model prefers anyway is added where it learns and taken off where it labels. Xiao
// et al., "ProMix: combating label noise via maximizing clean sample utility", 2023; docs/methods/noisy-labels.md#6.9.
// Any device, no host synchronisation. prior: C, the running mean of predictions; no gradient goes through it.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

at::Tensor debiased_output(const at::Tensor& logits, const at::Tensor& prior, double strength);  // z + s log prior
// softmax(z - s log prior), B x C: what pseudo-labels are made of. No gradient.
at::Tensor debiased_probability(const at::Tensor& logits, const at::Tensor& prior, double strength);
at::Tensor moved_prior(const at::Tensor& prior, const at::Tensor& logits, double momentum);  // C, by the batch's mean

}  // namespace winnow::method
