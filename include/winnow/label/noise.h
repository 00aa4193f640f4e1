// Given labels of which some are wrong, as pure functions of (true labels, spec, seed): what the kinds have in common.
// docs/methods/noisy-labels.md#1.1. Host only: the same labels on every machine, at every width and thread count.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/spec.h"

namespace winnow::label {

using Labels = std::vector<std::int64_t>;    // N, classes from 0
using Marks = std::vector<std::uint8_t>;     // N, zeros and ones
using ClassMap = std::vector<std::int64_t>;  // C: the class that a class becomes, itself where it stays

// The first samples of `order` (all N of them), as many as rate and count say: floor and ceil are those of the
// double-precision product, as the reference codes compute it (0.58 * 50 gives 28, not 29). Under `class_floor` and
// `class_ceil`, and under `balanced`, the first of every class; a smaller class is marked whole.
Marks mark(std::span<const std::int64_t> truth, std::int64_t classes, std::span<const std::int64_t> order, const Spec&);

// The first class whose cumulated, renormalised weight exceeds `draw`, in [0, 1). Some weight is above 0.
std::int64_t class_at(std::span<const double> weights, double draw);

// pairflip: (true + 1) mod C; also the target `next`.
inline std::int64_t next_class(std::int64_t label, std::int64_t classes) { return (label + 1) % classes; }

// pairflip: every mark becomes the next class. `order` as draw_pairflip gives it.
std::vector<std::int64_t> draw_pairflip(std::int64_t samples, const Spec&);
Labels pairflip(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&,
                std::span<const std::int64_t> order, Marks* marked = nullptr);

// Of any kind of noise but instance, which needs images, drawn from counter streams. UsageError for what is impossible.
Labels noisy_labels(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&);

}  // namespace winnow::label
