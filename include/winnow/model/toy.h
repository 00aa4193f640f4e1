// The toy of the golden cases: towers f = x A^T and modules over tensors that the case brings. tests/golden/README.md.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "winnow/model/tower.h"

namespace winnow::model {

// `tensors`: initial weights by the case's names (A, W, ...). scale: of the cosine head.
std::unique_ptr<Architecture> toy(std::map<std::string, at::Tensor> tensors, double scale);

}  // namespace winnow::model
