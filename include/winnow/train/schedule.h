// Learning-rate schedules.
#pragma once

#include <cstdint>
#include <string>

#include "winnow/core/settings.h"

namespace winnow::train {

// Where a stage is. Epochs and iterations count from 0.
struct Progress {
  std::int64_t epoch = 0, epochs = 1, iteration = 0, iterations = 1;
};

// The rate of the optimiser whose settings are `table` (optimiser_key.h), by its `schedule`; lr is the base, E the
// epochs, e this one:
//   constant     lr
//   cosine       lr (1 + cos(pi e / E)) / 2; with `lr_floor` f above 0: f lr + (1 - f) times that
//   cosine-step  the same by iteration
//   coop         1e-5 in epoch 0, then lr (1 + cos(pi (e - 1) / E)) / 2 (docs/methods/unsupervised.md#1)
//   grip         lr e / w while e < w = `warmup`, then lr (1 + cos(pi (e - w) / (E - w))) / 2 (the same); where
//                train.max_steps cut train.epochs to E, w is cut in the same proportion, rounded down
//   multi-step   lr gamma^(`milestones` that e has reached)
// UsageError for another word.
double learning_rate(const Settings&, const std::string& table, const Progress&);

}  // namespace winnow::train
