// AdaptFormer: a trained bottleneck beside each block's MLP. Chen et al. 2022; spec/pll.md 3.3.
#pragma once

#include <memory>

#include "transformer.h"
#include "winnow/model/weights.h"

namespace winnow::model {

// out = MLP(LN2(x)) + scale Up(ReLU(Down(LN(x)))) + x. scale starts at 1, Down Kaiming-normal (a = sqrt 5), Up and biases 0.
// Parameters: adaptformer_list.i.{ln,down_proj,up_proj}.{weight,bias}, .scale.
std::unique_ptr<Adaptation> adaptformer(std::int64_t blocks, std::int64_t width, std::int64_t bottleneck, std::uint64_t seed,
                                        at::ScalarType, Weights&);

// 2^max(0, floor(log2(C / (2 blocks)))). spec/pll.md 3.3.
std::int64_t default_bottleneck(std::int64_t classes, std::int64_t blocks);

}  // namespace winnow::model
