// The key train_rule of detectors: "own", or "ce", by which they train with plain cross-entropy on all given labels and
// apply their selection rule alone. docs/methods/noisy-labels.md#6.9.
#pragma once

#include "settings_words.h"

namespace winnow::method {

// UsageError for another word.
inline bool trains_by_cross_entropy(const Settings& settings) {
  return choice(settings, "train_rule", {"own", "ce"}) == 1;
}

}  // namespace winnow::method
