// What a stage computes with: train.precision, on the stage's device.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/core/settings.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// Of losses, states and weights: fp32 or fp64. Every tensor that a method sees is made with these.
at::TensorOptions real_of(const Settings&, const Context&);

}  // namespace winnow::train
