// What a tower is computed in, beside the type of its weights and outputs.
#pragma once

namespace winnow::model {

// as_stated: in the type of the weights. bf16, fp16: autocast around the tower, whose weights are fp32. fp16_pure:
// weights, prompts and adaptations are fp16 themselves (Weights::become_fp16), as in the code of CLIP, CoOp and DeFT;
// there is no autocast. Outputs always come back in the stated type. docs/methods/noisy-labels.md#9.
enum class Precision { as_stated, bf16, fp16, fp16_pure };

}  // namespace winnow::model
