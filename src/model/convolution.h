// Convolutions followed by a BatchNorm, for the residual networks.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "winnow/model/snapshot.h"
#include "winnow/model/weights.h"

namespace winnow::model {

// BatchNorm with its stored statistics, always: statistics of a batch would need all its rows, which a tower does not see.
// Weight and bias can be trained.
struct FrozenBatchNorm {
  Parameter *weight, *bias, *mean, *variance;
  at::Tensor operator()(const at::Tensor& x) const;
};

struct Convolution {
  Parameter* weight;                              // out x in x k x k, padded by k / 2
  FrozenBatchNorm norm;
  at::Tensor operator()(const at::Tensor& x, std::int64_t stride = 1) const;
};

// Takes "<convolution>.weight" and "<norm>.{weight,bias,running_mean,running_var}". Statistics are parameters, too, so that they
// follow the weights to devices and copies.
Convolution take_convolution(TensorReader&, const std::string& convolution, const std::string& norm, std::int64_t out, std::int64_t in,
                             std::int64_t kernel, Weights&);

}  // namespace winnow::model
