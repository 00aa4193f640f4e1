// Tensors at the border of the run file.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/store/run_file.h"

namespace winnow::train {

store::Array array_of(const at::Tensor&);         // on the host; bool becomes u8, other types stay or widen
at::Tensor tensor_of(const store::Array&);        // a copy

}  // namespace winnow::train
