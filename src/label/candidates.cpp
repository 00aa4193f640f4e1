#include "winnow/label/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/label/numpy_legacy.h"

namespace winnow::label {

namespace {

// log binom(n, k)
double log_choose(std::int64_t n, std::int64_t k) {
  auto lf = [](std::int64_t m) { return std::lgamma(static_cast<double>(m) + 1); };
  return lf(n) - lf(k) - lf(n - k);
}

Candidates empty_sets(std::span<const std::int64_t> truth, std::int64_t classes) {
  Candidates result{static_cast<std::int64_t>(truth.size()), classes, {}};
  result.mask.assign(truth.size() * static_cast<std::size_t>(classes), 0);
  for (std::size_t i = 0; i < truth.size(); ++i)
    result.mask[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(truth[i])] = 1;
  return result;
}

std::int64_t size_of_set(const std::vector<double>& cdf, double u) {
  auto found = std::find_if(cdf.begin(), cdf.end(), [&](double p) { return u <= p; });
  return std::min<std::int64_t>(found - cdf.begin(), static_cast<std::int64_t>(cdf.size()) - 1) + 1;
}

// The first size-1 wrong classes of a permutation of all classes join.
void add_first(std::uint8_t* row, std::int64_t truth, std::int64_t size, std::span<const std::int64_t> permutation) {
  std::int64_t wanted = size - 1;
  for (std::int64_t c : permutation) {
    if (wanted == 0) break;
    if (c == truth) continue;
    row[c] = 1;
    --wanted;
  }
}

}  // namespace

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, NumpyLegacy& random) {
  Candidates result = empty_sets(truth, classes);
  for (std::uint8_t& entry : result.mask)  // the entry at the true class is drawn and changes nothing
    if (random.uniform() < rate) entry = 1;
  return result;
}

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, std::uint64_t seed, Law law) {
  if (law == Law::numpy_legacy) {
    NumpyLegacy random(static_cast<std::uint32_t>(seed));
    return flip(truth, classes, rate, random);
  }
  Candidates result = empty_sets(truth, classes);
  auto C = static_cast<std::size_t>(classes);
  Streams streams(seed, "labels.flip");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    for (std::size_t c = 0; c < C; ++c)
      if (stream.uniform() < rate) result.mask[i * C + c] = 1;
  }
  return result;
}

std::vector<double> uniform_size_cdf(std::int64_t classes, SizeLaw law) {
  // reference: P(k) = binom(C, k) / (2^C - 2); exact: binom(C-1, k-1) / (2^(C-1) - 1); k = 1..C-1.
  std::vector<double> weights;
  double largest = 0;
  for (std::int64_t k = 1; k < classes; ++k) {
    weights.push_back(law == SizeLaw::reference ? log_choose(classes, k) : log_choose(classes - 1, k - 1));
    largest = std::max(largest, weights.back());
  }
  double sum = 0;
  for (double& w : weights) sum += w = std::exp(w - largest);
  double running = 0;
  for (double& w : weights) w = running += w / sum;
  if (!weights.empty()) weights.back() = 1;
  return weights;
}

Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw size_law, NumpyLegacy& random) {
  Candidates result = empty_sets(truth, classes);
  std::vector<double> cdf = uniform_size_cdf(classes, size_law);
  std::vector<double> draws(truth.size());
  for (double& u : draws) u = random.uniform();
  std::vector<std::int64_t> permutation(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::iota(permutation.begin(), permutation.end(), 0);
    random.shuffle(permutation);
    add_first(result.row(i), truth[i], size_of_set(cdf, draws[i]), permutation);
  }
  return result;
}

Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw size_law, std::uint64_t seed,
                   Law law) {
  if (classes < 2)
    throw UsageError(fmt::format("labels.kind = \"uniform\" needs at least 2 classes, the data set has {}", classes));
  if (law == Law::numpy_legacy) {
    NumpyLegacy random(static_cast<std::uint32_t>(seed));
    return uniform(truth, classes, size_law, random);
  }
  Candidates result = empty_sets(truth, classes);
  std::vector<double> cdf = uniform_size_cdf(classes, size_law);
  Streams streams(seed, "labels.uniform");
  for (std::size_t i = 0; i < truth.size(); ++i) {
    Stream stream = streams.at(0, static_cast<std::uint32_t>(i));
    std::int64_t size = size_of_set(cdf, stream.uniform());
    add_first(result.row(i), truth[i], size, stream.permutation(classes));
  }
  return result;
}

Candidates singletons(std::span<const std::int64_t> given, std::int64_t classes) { return empty_sets(given, classes); }

}  // namespace winnow::label
