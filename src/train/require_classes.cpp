#include "require_classes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

void require_classes(const at::Tensor& labels, std::int64_t classes, const std::string& what) {
  if (labels.numel() == 0) return;
  auto low = labels.min().item<std::int64_t>(), high = labels.max().item<std::int64_t>();
  if (low < 0 || high >= classes)
    throw DataError(fmt::format("{}: {} is none of the classes 0 to {}", what, low < 0 ? low : high, classes - 1));
}

}  // namespace winnow::train
