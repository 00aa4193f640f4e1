// DeFT's detector: a label is clean where its positive prompt fits the image better than its negative one. Wei et al.,
// "Vision-language models are strong noisy label detectors", 2024, Eqs. 4 to 6; docs/methods/noisy-labels.md#3.3. Any
// device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace winnow::method {

// What must have its largest entry at the given label, besides a clean probability above 1/2.
enum class Consistency {
  none,               // nothing: the rule for synthetic noise
  clean_probability,  // the probabilities p = sigmoid(z+ - z-), as the reference code has it (B10)
  positive_logits     // z+, the paper's "predicted label"
};
// Of the setting `consistency`, for real noise: "clean-probability" or "pos-logits". UsageError for another.
Consistency consistency_named(std::string_view);

struct CleanSelection {
  at::Tensor mask;   // N, bool
  at::Tensor score;  // N: p at the given label
  at::Tensor label;  // N, int64: argmax of z+, the lowest class on ties
};
// positive, negative: N x C; given: N, int64. Of the logits before an update, or of a pass after training
// (`selection = "frozen-pass"`).
CleanSelection select_clean(const at::Tensor& positive, const at::Tensor& negative, const at::Tensor& given,
                            Consistency);

}  // namespace winnow::method
