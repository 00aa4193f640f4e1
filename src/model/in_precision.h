// Towers under train.precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "winnow/model/precision.h"

namespace winnow::model {

// The rows that a tower computes on this device, in this precision; they come back in the type `stated`. The tower
// casts its inputs itself where it is pure fp16.
at::Tensor in_precision(Precision, c10::Device, at::ScalarType stated, const std::function<at::Tensor()>& rows);

}  // namespace winnow::model
