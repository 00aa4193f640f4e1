// CoFT's exchange: each model labels the images, the other one says which of these labels are clean.
// docs/methods/unsupervised.md#3.4, and #5 for images whose label is known. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// N, bool: the labels that a model's prompts confirm, z+ > z- (strictly) at the label. positive, negative: N x C, the
// judging model's logits; label: N, int64, the other model's labels.
at::Tensor confirmed(const at::Tensor& positive, const at::Tensor& negative, const at::Tensor& label);

// Logits of one model, both N x C.
struct DualLogits {
  at::Tensor positive, negative;
};
// What one model trains on in phase II: N each, `label` int64, `clean` bool.
struct Exchanged {
  at::Tensor label, clean;
};
// The labels of the first model (argmax z+, the lower class on ties), as the second one judges them.
Exchanged cross_filter(const DualLogits& labelling, const DualLogits& judging);

// Semi-supervised addition, in place and into any of the tensors that are defined: images `ids` (n, int64) have the
// labels `known` (n, int64), are selected, and have score 1.
void add_labelled(const at::Tensor& ids, const at::Tensor& known, at::Tensor& label, at::Tensor& mask,
                  at::Tensor score = {});
// The same of a columnwise selection, whose mask and score are N x C: the pairs of image and known label.
void add_labelled_pairs(const at::Tensor& ids, const at::Tensor& known, at::Tensor& mask, at::Tensor& score);

}  // namespace winnow::method
