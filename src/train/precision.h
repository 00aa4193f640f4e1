// train.precision.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/core/settings.h"

namespace winnow::train {

at::ScalarType precision_of(const Settings&);  // fp32, fp64

}  // namespace winnow::train
