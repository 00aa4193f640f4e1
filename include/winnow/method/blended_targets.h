// RoLT's targets of rejected samples: what a model ensemble, a prototype ensemble and the annotator say, and nothing in
// particular. docs/methods/noisy-labels.md#6.9. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

struct TargetShares {  // they sum to 1
  double ensemble = 0.4, prototype = 0.2, given = 0.2, uniform = 0.2;
};
// B x C in the type of `like` (B x C): onehot(given) of kept samples, else the blend. ensemble, prototype, given: B,
// int64; kept: B, zeros and ones.
at::Tensor blended_targets(const at::Tensor& ensemble, const at::Tensor& prototype, const at::Tensor& given,
                           const at::Tensor& kept, const TargetShares&, const at::Tensor& like);

}  // namespace winnow::method
