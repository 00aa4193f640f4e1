// CE: mean cross-entropy on the given labels, smoothed where that is asked for. docs/methods/noisy-labels.md#6.1.
#include "loss_per_sample.h"

namespace winnow::method {

namespace {

Tensor losses(const Settings& settings, const Tensor& logits, const Tensor& given) {
  return smoothed_cross_entropy(logits, given, settings.has("label_smoothing") ? settings.real("label_smoothing") : 0);
}

}  // namespace

Entry ce_entry() { return loss_per_sample_entry<&losses>("ce"); }

}  // namespace winnow::method
