// Structured noise: half of the classes are noisy, and marked samples of the others keep their label.
// docs/methods/noisy-labels.md#1.1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "winnow/label/noise.h"

namespace winnow::label {

struct StructuredDraws {
  std::vector<std::int64_t> order;          // of all samples: the first ones are marked
  std::vector<std::int64_t> noisy_classes;  // floor(C / 2) of them
  std::vector<std::int64_t> classes;        // N: the new label under the target uniform, the true class included
};
StructuredDraws draw_structured(std::int64_t samples, std::int64_t classes, const Spec&);

// `marked` (N), if wanted: those of clean classes, too. UsageError for what is impossible.
Labels structured(std::span<const std::int64_t> truth, std::int64_t classes, const Spec&, const StructuredDraws&,
                  Marks* marked = nullptr);

}  // namespace winnow::label
