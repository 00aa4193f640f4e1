// Division of samples by a mixture over their losses. Li et al., "DivideMix: learning with noisy labels as
// semi-supervised learning", 2020; TURN (arXiv 2310.17668) divides the losses of a probed model the same way.
// docs/methods/noisy-labels.md#6.5 and #6.8. On the host: a mixture is fitted step by step.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/method/mixture.h"

namespace winnow::method {

// What a network's mixture is fitted to: each evaluation (losses: evaluations x N, oldest first) brought to [0, 1] by
// itself, and the mean over the last `average` of them; over all where there are fewer. N, fp64. UsageError unless
// `average` is positive, DataError for no evaluation.
at::Tensor averaged_losses(const at::Tensor& losses, std::int64_t average, bool half = false);

// Co-divide: each network trains on what the other one's mixture calls clean, posterior > threshold. score: N.
struct CoDivision {
  at::Tensor first, second;  // N, bool: of the first network, by the second one's score; and the other way round
};
CoDivision co_divide(const at::Tensor& score_of_first, const at::Tensor& score_of_second, double threshold);

}  // namespace winnow::method
