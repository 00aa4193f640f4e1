#include "winnow/method/loss_division.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "winnow/core/error.h"

namespace winnow::method {

at::Tensor averaged_losses(const at::Tensor& losses, std::int64_t average, bool half) {
  if (average < 1) throw UsageError(fmt::format("average is {}: losses of at least one epoch are divided", average));
  std::int64_t evaluations = losses.size(0), used = std::min(average, evaluations);
  if (used == 0) throw DataError("there are no losses to divide");
  std::vector<at::Tensor> each;
  for (std::int64_t e = evaluations - used; e < evaluations; ++e) each.push_back(normalised_losses(losses[e], half));
  return at::stack(each).mean(0);
}

CoDivision co_divide(const at::Tensor& score_of_first, const at::Tensor& score_of_second, double threshold) {
  return {score_of_second > threshold, score_of_first > threshold};
}

}  // namespace winnow::method
