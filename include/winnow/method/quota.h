// Which samples of a batch have the smallest losses of their class. docs/methods/partial-labels.md#5.11 and #5.13.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// Mask (B, bool): for each class j among the labels the ceil(B prior_j fraction) samples, at least 1 and at most all,
// with the smallest losses (ties: the earlier one). losses: B; labels: B, int64; eligible: B, bool, the others are
// never chosen and take no place; prior: C. The product is taken in fp64. No host synchronisation.
at::Tensor smallest_per_class(const at::Tensor& losses, const at::Tensor& labels, const at::Tensor& eligible,
                              const at::Tensor& prior, double fraction);

}  // namespace winnow::method
