// One prediction from several models'. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// N x C: mean of the models' probabilities (CoFT, docs/methods/unsupervised.md#3.6). logits: models x N x C.
at::Tensor mean_probability(const at::Tensor& logits);

// N x C: mean of the models' logits, without softmax (UPL, docs/methods/unsupervised.md#6.1).
at::Tensor mean_logits(const at::Tensor& logits);

}  // namespace winnow::method
