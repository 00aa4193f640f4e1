#include "convolution.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace winnow::model {

at::Tensor Convolution::operator()(const at::Tensor& x, std::int64_t stride) const {
  std::int64_t padding = weight->value.size(2) / 2;
  return norm(at::conv2d(x, weight->use, {}, at::IntArrayRef{stride, stride}, at::IntArrayRef{padding, padding}));
}

Convolution take_convolution(TensorReader& reader, const std::string& convolution, const std::string& norm,
                             std::int64_t out, std::int64_t in, std::int64_t kernel, Weights& weights,
                             TrainingMode& mode) {
  const std::string name = convolution + ".weight";
  Parameter* weight = weights.add(name, reader.take(name, {out, in, kernel, kernel}), false, Role::matrix);
  return {weight, take_batch_norm(reader, norm, out, weights, mode)};
}

BatchNorm take_batch_norm(TensorReader& reader, const std::string& norm, std::int64_t channels, Weights& weights,
                          TrainingMode& mode, double momentum) {
  auto take = [&](const char* part, Role role) {
    std::string name = fmt::format("{}.{}", norm, part);
    return weights.add(name, reader.take(name, {channels}), false, role);
  };
  reader.ignore(norm + ".num_batches_tracked");
  Parameter *weight = take("weight", Role::norm), *bias = take("bias", Role::norm_bias),
            *mean = take("running_mean", Role::statistics), *variance = take("running_var", Role::statistics);
  return {weight, bias, mode.add(norm, mean, variance, momentum), &mode};
}

}  // namespace winnow::model
