// Selection rules as functions of scores: who of the samples is kept.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

struct Selected {
  at::Tensor mask;                                // N, bool
  at::Tensor label;                               // N, int64: the label that the selector believes in
};

// Label match: keep a sample whose largest logit (N x C, the lowest class on ties) is its given label.
// spec/noisy-labels.md 6.5.
Selected label_match(const at::Tensor& logits, const at::Tensor& given);

}  // namespace winnow::method
