#include "convolution.h"

#include <ATen/ATen.h>

namespace winnow::model {

at::Tensor FrozenBatchNorm::operator()(const at::Tensor& x) const {
  return at::batch_norm(x, weight->use, bias->use, mean->use, variance->use, /*training=*/false, /*momentum=*/0, /*eps=*/1e-5,
                        /*cudnn_enabled=*/true);
}

at::Tensor Convolution::operator()(const at::Tensor& x, std::int64_t stride) const {
  std::int64_t padding = weight->value.size(2) / 2;
  return norm(at::conv2d(x, weight->use, {}, at::IntArrayRef{stride, stride}, at::IntArrayRef{padding, padding}));
}

Convolution take_convolution(TensorReader& reader, const std::string& convolution, const std::string& norm, std::int64_t out,
                             std::int64_t in, std::int64_t kernel, Weights& weights) {
  auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape, Role role) {
    return weights.add(name, reader.take(name, shape), false, role);
  };
  reader.ignore(norm + ".num_batches_tracked");
  Parameter* weight = take(convolution + ".weight", {out, in, kernel, kernel}, Role::matrix);
  return {weight, {take(norm + ".weight", {out}, Role::norm), take(norm + ".bias", {out}, Role::norm_bias),
                   take(norm + ".running_mean", {out}, Role::statistics), take(norm + ".running_var", {out}, Role::statistics)}};
}

}  // namespace winnow::model
