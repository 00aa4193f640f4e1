#include "winnow/train/trial.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace winnow::train {

double Trial::epoch(std::int64_t number) const {
  double step = number == 0 ? first_step : later_step, passes = number == 0 ? first_passes : later_passes;
  return static_cast<double>(steps_per_epoch) * step + passes + evaluation;
}

// That an epoch after the first is like the last one is more than a method with a longer warm-up takes.
double Trial::whole() const {
  return epochs == 0 ? once : once + epoch(0) + static_cast<double>(epochs - 1) * epoch(1);
}

double SampledRows::whole(double measured) const {
  if (computed == 0) return measured;
  return std::max(0.0, measured - seconds) + seconds * static_cast<double>(asked) / static_cast<double>(computed);
}

at::Tensor repeated(const at::Tensor& rows, std::int64_t count) {
  if (rows.size(0) == count) return rows;
  return rows.index_select(
      0, at::arange(count, rows.options().dtype(at::kLong)).remainder(std::max<std::int64_t>(1, rows.size(0))));
}

at::Tensor all_rows(std::int64_t rows, std::int64_t at_once, Trial* trial,
                    const std::function<at::Tensor(std::int64_t first, std::int64_t count)>& piece) {
  std::vector<at::Tensor> pieces;
  auto start = std::chrono::steady_clock::now();
  for (std::int64_t first = 0; first < rows; first += at_once) {
    pieces.push_back(piece(first, std::min(at_once, rows - first)));
    if (!trial) continue;
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    trial->spent += seconds;
    trial->once += seconds * static_cast<double>(rows) / static_cast<double>(pieces[0].size(0));
    return repeated(pieces[0], rows);
  }
  return at::cat(pieces);
}

}  // namespace winnow::train
