// From the parameters of towers back to the tensors of a snapshot.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace winnow::model {

// Parameters by the snapshot's names: stacked query, key and value matrices split again.
std::map<std::string, at::Tensor> snapshot_layout(const std::map<std::string, at::Tensor>& parameters);

}  // namespace winnow::model
