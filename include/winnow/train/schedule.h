// Learning-rate schedules.
#pragma once

#include <cstdint>

#include "winnow/core/settings.h"

namespace winnow::train {

// train.lr by train.schedule: constant; cosine (by epoch): lr (1 + cos(pi e / epochs)) / 2; cosine-step: the same by
// iteration. Epochs and iterations count from 0. UsageError for another word.
double learning_rate(const Settings&, std::int64_t epoch, std::int64_t epochs, std::int64_t iteration,
                     std::int64_t iterations);

}  // namespace winnow::train
