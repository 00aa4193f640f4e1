// What a stage computes with: train.precision, on the stage's device.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/core/settings.h"
#include "winnow/model/precision.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// Of a fixed model's forwards, where a stage has no train.precision: fp32.
at::TensorOptions real_of(const Context&);
// Of losses and states, and of weights but for pure fp16: fp32 or fp64. Every tensor that a method sees is made with
// these.
at::TensorOptions real_of(const Settings&, const Context&);
// Of towers, and of heads where it is pure.
model::Precision precision_of(const Settings&);

}  // namespace winnow::train
