// Candidate sets as pure functions of (true labels, rate or law, seed). docs/methods/partial-labels.md#1.1, 1.2, 1.6.
// Host only: the same sets on every machine, at every width and thread count.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/numpy_legacy.h"
#include "winnow/label/spec.h"

namespace winnow::label {

// Candidate sets: N x C, row-major, zeros and ones.
struct Candidates {
  std::int64_t samples = 0, classes = 0;
  std::vector<std::uint8_t> mask;

  std::uint8_t* row(std::size_t sample) { return mask.data() + sample * static_cast<std::size_t>(classes); }
};

Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, std::uint64_t seed, Law);
Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw, std::uint64_t seed, Law);
// The same from a numpy-legacy generator that continues from its present state, as the reference code's does.
Candidates flip(std::span<const std::int64_t> truth, std::int64_t classes, double rate, NumpyLegacy&);
Candidates uniform(std::span<const std::int64_t> truth, std::int64_t classes, SizeLaw, NumpyLegacy&);
Candidates singletons(std::span<const std::int64_t> given, std::int64_t classes);

// P(|S| <= k) for k = 1..C-1; in logarithms of binomials, so any C is fine (docs/methods/partial-labels.md#1.2, D7).
std::vector<double> uniform_size_cdf(std::int64_t classes, SizeLaw);

}  // namespace winnow::label
