// Averages of weights over steps and over epochs.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// copy <- momentum copy + (1 - momentum) source, in place: the key encoder of He et al., "Momentum contrast for
// unsupervised visual representation learning", 2020, Eq. 2; docs/methods/unsupervised.md#4.2. Any device and shape.
void move_towards(at::Tensor& copy, const at::Tensor& source, double momentum);

// Shares of the weights after each of the epochs 1, ..., E in PromptSRC's teacher: a normal density, normalised to sum
// 1. E, fp64, on the host. Khattak et al., "Self-regulating prompts", 2023;
// docs/methods/unsupervised.md#6.8. UsageError unless epochs and deviation are positive.
at::Tensor gaussian_shares(std::int64_t epochs, double mean, double deviation);

}  // namespace winnow::method
