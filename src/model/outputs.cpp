#include "winnow/model/outputs.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::model {

const at::Tensor& Outputs::at(std::string_view name) const {
  std::string known;
  for (const auto& [own, tensor] : tensors_) {
    if (own == name) return tensor;
    known += (known.empty() ? "" : ", ") + own;
  }
  throw InternalError(fmt::format("no output '{}' among: {}", name, known));
}

bool Outputs::has(std::string_view name) const {
  for (const auto& [own, tensor] : tensors_)
    if (own == name) return true;
  return false;
}

}  // namespace winnow::model
