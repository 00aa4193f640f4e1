// Selection rules as functions of scores: who of the samples is kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace winnow::method {

struct Selected {
  at::Tensor mask;   // N, bool
  at::Tensor label;  // N, int64: the label that the selector believes in
};

// Label match: keep a sample whose largest logit (N x C, the lowest class on ties) is its given label.
// docs/methods/noisy-labels.md#6.6.
Selected label_match(const at::Tensor& logits, const at::Tensor& given);

// Small loss: the floor((1 - forget) B) smallest losses, ties by the smaller id; the product is taken in fp64 and cut
// off, as the reference code does (B = 20, forget = 0.9 keep 1). B, u8. docs/methods/noisy-labels.md#6.7.
at::Tensor small_losses(const at::Tensor& losses, const at::Tensor& ids, double forget);

// R_e of that rule, epochs from 0: linspace(0, rate, warmup)[epoch] while epoch < warmup, then rate.
double forget_rate(std::int64_t epoch, std::int64_t warmup, double rate);

// The rate of that rule for labels of a nominal noise rate: structured noise changes labels of half of the classes
// only, so half of the rate is forgotten.
double rate_to_forget(double noise_rate, bool structured);

}  // namespace winnow::method
