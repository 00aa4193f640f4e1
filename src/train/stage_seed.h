// The seed of everything that a stage draws.
#pragma once

#include <cstdint>

#include "winnow/core/settings.h"

namespace winnow::train {

// The setting `seed`; of a stage that a recipe runs several times for one experiment (settings `member`, `round`) a
// seed of its own, derived from all three.
std::uint64_t stage_seed(const Settings&);

}  // namespace winnow::train
