// GCE: between cross-entropy (q to 0) and the absolute error (q = 1). Zhang and Sabuncu, "Generalized cross entropy
// loss for training deep neural networks with noisy labels", 2018; docs/methods/noisy-labels.md#6.4.
#include <ATen/ATen.h>

#include <cmath>

#include "loss_per_sample.h"

namespace winnow::method {

namespace {

// Truncated: constant where p <= k.
Tensor losses(const Settings& settings, const Tensor& logits, const Tensor& given) {
  double q = settings.real("q"), k = settings.has("truncate") ? settings.real("truncate") : 0;
  Tensor each = generalised_cross_entropy(logits, given, q);
  double most = (1 - std::pow(k, q)) / q;
  return k > 0 ? at::where(each.detach() >= most, at::full_like(each, most), each) : each;
}

}  // namespace

Entry gce_entry() { return loss_per_sample_entry<&losses>("gce"); }

}  // namespace winnow::method
