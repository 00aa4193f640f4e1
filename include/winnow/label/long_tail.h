// Long-tailed subsets, and the split of labelled samples: which samples of a set there are.
// docs/methods/partial-labels.md#1.3, 1.5 and 1.6.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/numpy_legacy.h"

namespace winnow::label {

// Samples of each class: floor(n_max factor^(c / (C - 1))), n_max = samples / classes, in double precision as the
// reference code computes it. factor: 1 / imbalance ratio, in (0, 1]; a class may come to none.
std::vector<std::int64_t> long_tail_counts(std::int64_t samples, std::int64_t classes, double factor);

// Indices of the samples that stay, class after class (natural order of labels): of each class its first ones in an
// order of its own, as many as there are where it has fewer. The generator continues from its present state.
std::vector<std::int64_t> long_tail(std::span<const std::int64_t> truth, std::int64_t classes, double factor,
                                    NumpyLegacy&);
// The same with orders from counter streams of the seed: which samples stay depends on no other class.
std::vector<std::int64_t> long_tail(std::span<const std::int64_t> truth, std::int64_t classes, double factor,
                                    std::uint64_t seed);

struct Split {
  std::vector<std::int64_t> validation, train;
};
// A shuffle of 0..samples-1: the first int(samples fraction) are for validation.
Split validation_split(std::int64_t samples, double fraction, NumpyLegacy&);
// The same from the counter stream of the seed; both parts ascending.
Split validation_split(std::int64_t samples, double fraction, std::uint64_t seed);

}  // namespace winnow::label
