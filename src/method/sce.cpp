// SCE: cross-entropy and its reverse. Wang et al., "Symmetric cross entropy for robust learning with noisy labels",
// 2019; docs/methods/noisy-labels.md#6.3.
#include "loss_per_sample.h"

namespace winnow::method {

namespace {

Tensor losses(const Settings& settings, const Tensor& logits, const Tensor& given) {
  return symmetric_cross_entropy(logits, given, settings.real("alpha"), settings.real("beta"));
}

}  // namespace

Entry sce_entry() { return loss_per_sample_entry<&losses>("sce"); }

}  // namespace winnow::method
