// Asymmetric noise: a class is taken for one other class, that which a map says. docs/methods/noisy-labels.md#1.1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/noise.h"

namespace winnow::label {

// Under the map cifar10 samples are marked and `order` counts; under the others every sample flips by itself.
struct AsymmetricDraws {
  std::vector<std::int64_t> order;                           // of all samples: the first ones are marked
  std::vector<std::uint8_t> flip;                            // N, zeros and ones
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;  // block-pairs: the two classes that each block swaps
};
AsymmetricDraws draw_asymmetric(std::int64_t samples, std::int64_t classes, const Spec&);

// cifar10: 9 -> 1, 2 -> 0, 3 <-> 5, 4 -> 7. blocks: the next class of its block, cyclically. block-pairs: the other
// class of its block's pair. superclass: the next larger class of its super-class, cyclically. UsageError for what is
// impossible.
ClassMap class_map(const Spec&, std::int64_t classes, const AsymmetricDraws&);

// C x C: the law of the given label where every sample flips by itself. A class that is mapped to itself stays.
std::vector<double> transition(const ClassMap&, double rate);

// `marked` (N), if wanted: under the map cifar10 the marked samples (with a count by class those of the classes that
// the map changes), else those that flip.
Labels asymmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&, const AsymmetricDraws&,
                  Marks* marked = nullptr);

}  // namespace winnow::label
