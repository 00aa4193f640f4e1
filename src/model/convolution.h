// Convolutions followed by a BatchNorm, for the residual networks.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "training_mode.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/weights.h"

namespace winnow::model {

struct Convolution {
  Parameter* weight;  // out x in x k x k, padded by k / 2
  BatchNorm norm;
  at::Tensor operator()(const at::Tensor& x, std::int64_t stride = 1) const;
};

// Takes "<convolution>.weight" and "<norm>.{weight,bias,running_mean,running_var}". Statistics are parameters, too, so
// that they follow the weights to devices and copies.
Convolution take_convolution(TensorReader&, const std::string& convolution, const std::string& norm, std::int64_t out,
                             std::int64_t in, std::int64_t kernel, Weights&, TrainingMode&);
// "<norm>.{weight,bias,running_mean,running_var}" alone. momentum: of the running averages.
BatchNorm take_batch_norm(TensorReader&, const std::string& norm, std::int64_t channels, Weights&, TrainingMode&,
                          double momentum = 0.1);

}  // namespace winnow::model
