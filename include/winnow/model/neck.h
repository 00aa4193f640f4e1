// The embedding of contrastive methods: two layers and a normalisation on features.
#pragma once

#include "winnow/model/tower.h"

namespace winnow::model {

// apply({features B x d}) -> normalise(relu(f w1^T + b1) w2^T + b2), B x columns. Parameters w1: d x d, b1, w2: columns
// x d, b2, each uniform within 1 / sqrt(d), as PyTorch's Linear starts. columns 0: d; recorded ones have the width of
// their tensors. docs/methods/partial-labels.md#5.10.
ModuleMaker neck(std::int64_t columns = 0);

}  // namespace winnow::model
