#include "winnow/label/scored.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "winnow/core/stream.h"

namespace winnow::label {

std::vector<double> instance_probabilities(std::span<const std::int64_t> truth, std::int64_t classes,
                                           std::span<const double> scores, double rate) {
  auto C = static_cast<std::size_t>(classes);
  std::vector<double> result(truth.size() * C, 0);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::span<const double> own = scores.subspan(i * C, C);
    auto y = static_cast<std::size_t>(truth[i]);
    // Softmax up to a factor, which the division by the sum cancels: by the largest of the other classes, so that none
    // underflows.
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t c = 0; c < C; ++c)
      if (c != y) largest = std::max(largest, own[c]);
    for (std::size_t c = 0; c < C; ++c)
      if (c != y) sum += result[i * C + c] = std::exp(own[c] - largest);
    for (std::size_t c = 0; c < C; ++c)
      if (c != y) result[i * C + c] = std::min(1.0, rate * static_cast<double>(C) * result[i * C + c] / sum);
  }
  return result;
}

Candidates instance_candidates(std::span<const std::int64_t> truth, std::int64_t classes,
                               std::span<const double> probabilities, std::span<const double> draws) {
  Candidates result = singletons(truth, classes);
  for (std::size_t k = 0; k < result.mask.size(); ++k)
    if (draws[k] < probabilities[k]) result.mask[k] = 1;
  return result;
}

Candidates instance_candidates(std::span<const std::int64_t> truth, std::int64_t classes,
                               std::span<const double> probabilities, std::uint64_t seed) {
  std::vector<double> draws(probabilities.size());
  Streams streams(seed, "labels.instance-candidates");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    for (std::size_t c = 0; c < static_cast<std::size_t>(classes); ++c)
      draws[i * static_cast<std::size_t>(classes) + c] = stream.uniform();
  }
  return instance_candidates(truth, classes, probabilities, draws);
}

Narrowed narrow(const Candidates& sets, std::span<const double> scores, double keep_fraction,
                std::span<const std::int64_t> truth) {
  auto C = static_cast<std::size_t>(sets.classes), N = static_cast<std::size_t>(sets.samples);
  auto kept_classes = static_cast<std::ptrdiff_t>(std::floor(static_cast<double>(C) * keep_fraction));
  Narrowed result;
  result.sets.classes = sets.classes;
  std::vector<std::size_t> order(C);
  double before = 0, after = 0, covering_before = 0, covering_after = 0;
  for (std::size_t i = 0; i < N; ++i) {
    std::span<const double> own = scores.subspan(i * C, C);
    std::span<const std::uint8_t> given(sets.mask.data() + i * C, C);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return own[a] > own[b]; });
    std::vector<std::uint8_t> left(C, 0);
    for (auto c = order.begin(); c != order.begin() + kept_classes; ++c) left[*c] = given[*c];
    auto size = std::count(left.begin(), left.end(), 1);
    before += static_cast<double>(std::count(given.begin(), given.end(), 1));
    after += static_cast<double>(size);
    covering_before += given[static_cast<std::size_t>(truth[i])];
    covering_after += left[static_cast<std::size_t>(truth[i])];
    if (size == 0) continue;
    result.kept.push_back(static_cast<std::int64_t>(i));
    result.sets.mask.insert(result.sets.mask.end(), left.begin(), left.end());
  }
  result.sets.samples = static_cast<std::int64_t>(result.kept.size());
  auto all = static_cast<double>(N), some = static_cast<double>(result.kept.size());
  auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
  // Rows without a candidate add nothing to the sums of those that have one.
  result.report = {share(before, all),          share(after, all),          share(all - some, all),
                   share(covering_before, all), share(covering_after, all), share(after, some),
                   share(covering_after, some)};
  return result;
}

}  // namespace winnow::label
