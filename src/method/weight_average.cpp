#include "winnow/method/weight_average.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::method {

void move_towards(at::Tensor& copy, const at::Tensor& source, double momentum) {
  copy.mul_(momentum).add_(source, 1 - momentum);
}

at::Tensor gaussian_shares(std::int64_t epochs, double mean, double deviation) {
  if (epochs < 1 || !(deviation > 0))
    throw UsageError(fmt::format("an average over {} epochs with deviation {}: both are positive", epochs, deviation));
  // The largest exponent is taken off: far from the mean all densities are zero.
  at::Tensor numbers = at::arange(1, epochs + 1, at::TensorOptions(at::kDouble));
  return at::softmax(((numbers - mean) / deviation).square() / -2, 0);
}

}  // namespace winnow::method
