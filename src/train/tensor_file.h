// Tensors as entries of a safetensors file.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "winnow/core/safetensors.h"

namespace winnow::train {

SafeTensor entry_of(const at::Tensor&);   // of a contiguous one on the host, whose memory it is
at::Tensor tensor_of(const SafeTensor&);  // a copy; DataError for a dtype that torch has not

// Writes tensors of any device to a file that must not exist yet. DeviceError.
void write_tensors(const Path&, const std::map<std::string, at::Tensor>&,
                   const std::map<std::string, std::string>& metadata = {});

}  // namespace winnow::train
