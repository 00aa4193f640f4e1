// The toy of the golden cases: towers f = x A^T and modules over tensors that the case brings. tests/golden/README.md.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "winnow/model/tower.h"

namespace winnow::model {

// `tensors`: initial weights by the case's names; `names`: those of networks, heads and parameters of modules that the
// case calls otherwise ("main" -> "A"). A head with a bias ("head.bias") is linear, any other the cosine's of `scale`.
// Prompts are rows of their tensor: inputs are their numbers, B.
std::unique_ptr<Architecture> toy(std::map<std::string, at::Tensor> tensors, std::map<std::string, std::string> names,
                                  double scale);

}  // namespace winnow::model
