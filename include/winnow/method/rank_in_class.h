// Order of samples within their classes, for rules that keep the first few of each class.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

enum class Order { rising, falling };

// N, int64: how many samples of the same label come before each sample when keys are put in order; of equal keys the
// earlier sample comes first. keys: N, any real type; labels: N, int64, 0 to classes - 1. No host synchronisation.
at::Tensor rank_in_class(const at::Tensor& keys, const at::Tensor& labels, std::int64_t classes, Order);

}  // namespace winnow::method
