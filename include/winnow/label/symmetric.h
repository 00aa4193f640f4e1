// Symmetric noise: a marked sample gets another class, whatever its own. docs/methods/noisy-labels.md#1.1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/noise.h"

namespace winnow::label {

// The random choices behind it, so that recorded ones can be replayed. `order` and one of the others.
struct SymmetricDraws {
  std::vector<std::int64_t> order;    // of all samples: the first ones are marked
  std::vector<std::int64_t> classes;  // N: the new label of a marked sample
  std::vector<std::int64_t> shift;    // N: it is (true + shift) mod C, shift in 1..C-1
  std::vector<double> uniform;        // N, in [0, 1): where in the law of class sizes it lies
};
SymmetricDraws draw_symmetric(std::int64_t samples, std::int64_t classes, const Spec&);

// C x C: the law of the new label where it goes by the classes' sizes (RoLT's `imb`); the true class has no share
// unless it is included. A row is zero where no other class has a sample.
std::vector<double> class_size_transition(std::span<const std::int64_t> truth, std::int64_t classes, bool include_true);

// `marked` (N) says which samples are, if wanted. UsageError for what is impossible.
Labels symmetric(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&, const SymmetricDraws&,
                 Marks* marked = nullptr);

}  // namespace winnow::label
