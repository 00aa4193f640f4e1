// RoLT's selection: samples near the prototype of their given class are kept. Wei et al., "Robust long-tailed learning
// under label noise", 2021; docs/methods/noisy-labels.md#6.9. On the host: mixtures are fitted step by
// step.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "winnow/method/mixture.h"

namespace winnow::method {

struct PrototypeSelection {
  at::Tensor mask;       // N, bool
  at::Tensor score;      // N, fp64: -|h - prototype of the given class|^2 in the second round
  at::Tensor posterior;  // N, fp64: of the component of near samples in the second round (RoLT+ keeps > 0.5)
  at::Tensor nearness;   // N x classes, fp64: -|h - prototype|^2 of all classes in the second round; -4, the farthest
                         // that unit vectors can be, of a class without samples
};

// Components (0 or 1, int64) from which the mixture of one class starts. round: 0 or 1; samples: n, int64, the class's
// samples; values: n, fp64, their scores brought to [0, 1].
using StartOfMixture = std::function<at::Tensor(std::int64_t round, std::int64_t label, const at::Tensor& samples,
                                                const at::Tensor& values)>;

// h: features centred by their mean and normalised. A class's prototype is the mean of its h. Within each class scores
// are shifted and scaled to [0, 1], a mixture is fitted, and the samples whose likelier component has the higher mean
// are kept; all of the class where there are none. Then once more with prototypes of the kept samples. features: N x d;
// given: N, int64. DataError for a label outside [0, classes).
PrototypeSelection select_near_prototypes(const at::Tensor& features, const at::Tensor& given, std::int64_t classes,
                                          const StartOfMixture&, const MixtureLimits&);

}  // namespace winnow::method
