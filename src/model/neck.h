// Small modules that some methods put on features or predictions.
#pragma once

#include <string>

#include "winnow/model/tower.h"

namespace winnow::model {

// apply({features B x d}) -> normalise(relu(f w1^T + b1) w2^T + b2), B x columns. Parameters NAME.{w1,b1,w2,b2}; w1: d
// x d, w2: columns x d. docs/methods/partial-labels.md#5.10.
std::unique_ptr<Module> neck(const std::string& name, at::Tensor w1, at::Tensor b1, at::Tensor w2, at::Tensor b2);
// Both layers as PyTorch's Linear starts: uniform within 1 / sqrt(d). columns 0: d.
std::unique_ptr<Module> random_neck(const std::string& name, std::int64_t d, std::int64_t columns, std::uint64_t seed,
                                    at::ScalarType);

// apply({probabilities B x 2C}) -> p weight^T + bias, B x 2. Parameters NAME.{weight,bias}.
// docs/methods/partial-labels.md#5.13.
std::unique_ptr<Module> attention(const std::string& name, at::Tensor weight, at::Tensor bias);
std::unique_ptr<Module> random_attention(const std::string& name, std::int64_t classes, std::uint64_t seed,
                                         at::ScalarType);

}  // namespace winnow::model
