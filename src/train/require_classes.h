// What methods may count on: given labels are classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace winnow::train {

// DataError naming `what` unless all labels (int64) lie in 0..classes-1.
void require_classes(const at::Tensor& labels, std::int64_t classes, const std::string& what);

}  // namespace winnow::train
