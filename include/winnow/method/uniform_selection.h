// UNICON's uniform selection: equally many samples of each class, those whose predictions diverge least from their
// labels. Karim et al., "UNICON: combating label noise through uniform selection and contrastive learning", 2022;
// docs/methods/noisy-labels.md#6.9. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// N: Jensen-Shannon divergence (natural logarithm, 1e-10 inside the logarithms, as the reference code has it) of the
// predictions (N x C) from the given labels (N, int64).
at::Tensor divergence_from_labels(const at::Tensor& prediction, const at::Tensor& given);

struct UniformSelection {
  at::Tensor mask;    // N, bool
  at::Tensor weight;  // N: 1 where the divergence is below 1/2, else 1 - divergence; of all samples
  at::Tensor cut;     // scalar: the mean divergence D, or where that exceeds `threshold`: less (mean - min D) / tau
  at::Tensor rate;    // scalar, fp64: share R of the samples with D < cut
};

enum class Padding {
  none,
  sample_0  // the reference code's list of floor(R N) samples keeps zeros where classes are too small (B22)
};

// From every class the floor(R N / classes) samples with the smallest divergences (ties: the earlier one), all where
// there are fewer. divergence: N; given: N, int64.
UniformSelection select_uniformly(const at::Tensor& divergence, const at::Tensor& given, std::int64_t classes,
                                  double threshold, double tau, Padding = Padding::none);

// The reference code's list itself: floor(R N) samples, class after class by rising divergence, then zeros. int64. On
// the host, for its length depends on the numbers.
at::Tensor padded_list(const at::Tensor& divergence, const at::Tensor& given, std::int64_t classes, double rate);

}  // namespace winnow::method
