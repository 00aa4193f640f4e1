// ProMix's progressive selection. Xiao et al., "ProMix: combating label noise via maximizing clean sample utility",
// 2023; docs/methods/noisy-labels.md#6.9. Any device, no host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// rho = start + (end - start) min(epoch / length, 1); `end` where there is no length.
double selected_share(double start, double end, std::int64_t epoch, std::int64_t length);

// Class-wise small-loss selection (CSS): N, bool; of each given class the max(1, ceil(rho N / classes)) samples with
// the smallest losses (ties: the earlier one), all where there are fewer. losses: N; given: N, int64.
at::Tensor small_losses_of_classes(const at::Tensor& losses, const at::Tensor& given, std::int64_t classes, double rho);

// Matched high-confidence selection (MHCS): bool, probability of the given label > tau.
at::Tensor matched_confidence(const at::Tensor& probability_of_given, double tau);

}  // namespace winnow::method
