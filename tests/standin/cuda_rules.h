// What torch's CUDA build has and allows, from torch's own table of operators (native_functions.yaml in its wheel).
#pragma once

#include <string>
#include <string_view>

namespace standin {

bool has_cuda_kernel(const std::string& name);  // "add.Tensor"
// TensorIterator's operators: they may meet a scalar of the host.
bool may_meet_host_scalar(const std::string& name);
bool multiplies_matrices(std::string_view name);  // CUDA multiplies none of integers

}  // namespace standin
