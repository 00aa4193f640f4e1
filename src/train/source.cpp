#include "winnow/train/source.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

const at::Tensor& Source::labels(const std::string& split) {
  throw UsageError(fmt::format("the split '{}' has no labels that a method may see", split));
}

}  // namespace winnow::train
