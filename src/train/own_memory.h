// That tensors which are written in place lie apart from all others.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace winnow::train {

// A tensor and who holds it, in words.
struct Held {
  std::string holder;
  at::Tensor tensor;  // undefined, empty or without data: lies nowhere
};

// InternalError naming two holders whose tensors overlap in memory, if one of them is among `written`. Those of `read`
// may overlap each other. Looks at addresses alone.
void require_own_memory(const std::vector<Held>& written, const std::vector<Held>& read);

}  // namespace winnow::train
