#include "winnow/method/candidate_sets.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"

namespace winnow::method {

at::Tensor linear_quantile(const at::Tensor& values, double q) {
  if (!(q >= 0 && q <= 1)) throw UsageError(fmt::format("a quantile of {}: it lies between 0 and 1", q));
  if (values.size(0) == 0) throw DataError("a quantile of no values");
  double position = q * static_cast<double>(values.size(0) - 1);
  auto below = static_cast<std::int64_t>(std::floor(position)), above = std::min(below + 1, values.size(0) - 1);
  at::Tensor sorted = std::get<0>(values.sort(0));
  return at::lerp(sorted.select(0, below), sorted.select(0, above), position - static_cast<double>(below));
}

CandidateSets candidate_sets(const at::Tensor& probability, double alpha, double beta) {
  CandidateSets sets;
  sets.threshold = linear_quantile(std::get<0>(probability.max(1)), alpha);
  auto [ordered, classes] = probability.sort(/*stable=*/true, 1, /*descending=*/true);
  at::Tensor none = at::zeros({probability.size(0), 1}, probability.options());
  at::Tensor before = at::cat({none, ordered.cumsum(1).narrow(1, 0, probability.size(1) - 1)}, 1);
  sets.intra = at::zeros(probability.sizes(), probability.options().dtype(at::kBool))
                   .scatter_(1, classes, before <= sets.threshold);
  sets.inter = probability >= linear_quantile(probability, beta);
  sets.candidates = sets.intra.logical_and(sets.inter);
  return sets;
}

at::Tensor candidate_weights(const at::Tensor& probability, const at::Tensor& candidates, const at::Tensor& pooled,
                             bool first_round) {
  at::Tensor weight = candidates.to(probability.scalar_type());
  if (first_round) {
    weight = weight * probability;
    at::Tensor all = weight.sum(1, /*keepdim=*/true);
    weight = weight / all.masked_fill(all == 0, 1);
  }
  return weight.masked_fill(pooled.unsqueeze(1).logical_not(), 0);
}

}  // namespace winnow::method
