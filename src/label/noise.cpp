#include "winnow/label/noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/label/asymmetric.h"
#include "winnow/label/structured.h"
#include "winnow/label/symmetric.h"

namespace winnow::label {

namespace {

std::int64_t share_of(std::int64_t samples, double rate, bool up) {
  double product = rate * static_cast<double>(samples);
  return std::min(samples, static_cast<std::int64_t>(up ? std::ceil(product) : std::floor(product)));
}

}  // namespace

Marks mark(std::span<const std::int64_t> truth, std::int64_t classes, std::span<const std::int64_t> order,
           const Spec& spec) {
  bool up = spec.count == Count::ceil || spec.count == Count::class_ceil;
  bool by_class = spec.balanced || spec.count == Count::class_floor || spec.count == Count::class_ceil;
  std::int64_t total = share_of(static_cast<std::int64_t>(truth.size()), spec.rate, up);
  std::vector<std::int64_t> left(static_cast<std::size_t>(by_class ? classes : 1), total);
  if (spec.balanced) std::fill(left.begin(), left.end(), total / classes);
  else if (by_class) {
    std::fill(left.begin(), left.end(), 0);
    for (std::int64_t y : truth) ++left[static_cast<std::size_t>(y)];
    for (std::int64_t& count : left) count = share_of(count, spec.rate, up);
  }
  Marks marks(truth.size(), 0);
  for (std::int64_t i : order) {
    auto at = static_cast<std::size_t>(i);
    if (left[by_class ? static_cast<std::size_t>(truth[at]) : 0]-- > 0) marks[at] = 1;
  }
  return marks;
}

std::int64_t class_at(std::span<const double> weights, double draw) {
  double sum = std::accumulate(weights.begin(), weights.end(), 0.0), running = 0;
  std::size_t last = 0;  // where rounding leaves the sum below the draw: the last class with a weight
  for (std::size_t c = 0; c < weights.size(); ++c) {
    if (weights[c] == 0) continue;
    running += weights[c] / sum;
    last = c;
    if (running > draw) break;
  }
  return static_cast<std::int64_t>(last);
}

std::vector<std::int64_t> draw_pairflip(std::int64_t samples, const Spec& spec) {
  return Streams(spec.seed, "labels.pairflip.order").at(0, 0).permutation(samples);
}

Labels pairflip(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec,
                std::span<const std::int64_t> order, Marks* marked) {
  require_possible(spec, classes);
  Marks marks = mark(truth, classes, order, spec);
  Labels given(truth.begin(), truth.end());
  for (std::size_t i = 0; i < given.size(); ++i)
    if (marks[i]) given[i] = next_class(given[i], classes);
  if (marked) *marked = std::move(marks);
  return given;
}

Labels noisy_labels(std::span<const std::int64_t> truth, std::int64_t classes, const Spec& spec) {
  require_possible(spec, classes);
  auto samples = static_cast<std::int64_t>(truth.size());
  switch (spec.kind) {
    case Kind::symmetric: return symmetric(truth, classes, spec, draw_symmetric(samples, classes, spec));
    case Kind::asymmetric: return asymmetric(truth, classes, spec, draw_asymmetric(samples, classes, spec));
    case Kind::pairflip: return pairflip(truth, classes, spec, draw_pairflip(samples, spec));
    case Kind::structured: return structured(truth, classes, spec, draw_structured(samples, classes, spec));
    default: throw InternalError("labels of a kind that is no noise, or that needs images");
  }
}

}  // namespace winnow::label
