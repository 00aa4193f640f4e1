#include "winnow/method/high_confidence.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::method {

at::Tensor lasting_sets(const at::Tensor& sets, std::int64_t history) {
  if (history < 1) throw UsageError(fmt::format("history is {}: sets of at least one epoch are intersected", history));
  at::Tensor result = sets.to(at::kBool, /*non_blocking=*/false, /*copy=*/true);
  for (std::int64_t back = 1; back < std::min(history, sets.size(0)); ++back) {
    std::int64_t later = sets.size(0) - back;
    result.narrow(0, back, later).logical_and_(sets.narrow(0, 0, later));
  }
  return result;
}

at::Tensor largest_set(const at::Tensor& sets, std::int64_t lookback) {
  if (lookback < 1) throw UsageError(fmt::format("lookback is {}: one of at least one set is chosen", lookback));
  if (sets.size(0) == 0) throw DataError("there is no set to choose");
  std::int64_t seen = std::min(lookback, sets.size(0));
  at::Tensor latest_first = sets.narrow(0, sets.size(0) - seen, seen).to(at::kBool).flip(0);
  at::Tensor largest = latest_first.sum(1).argmax(0, /*keepdim=*/true);  // the first of equals
  return latest_first.index_select(0, largest).squeeze(0);
}

at::Tensor confident_posterior(const at::Tensor& posterior, const at::Tensor& confident) {
  return posterior.masked_fill(confident.to(at::kBool), 1);
}

}  // namespace winnow::method
