// The training loop, and predictions of a trained method.
#pragma once

#include <functional>

#include "winnow/method/method.h"
#include "winnow/train/engine.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// What one epoch came to.
struct EpochEnd {
  std::int64_t epoch = 0;
  double loss = 0;                                // mean over its steps, of what the method logs as "loss"
  double rate = 0;                                // learning rate of its first step
};

// Sets the method up and runs all epochs. Throws Stopped, and UsageError for a loss that is not finite.
void train_loop(method::Method&, const std::string& method_name, Engine&, Source&, Observer&,
                const std::function<void(const EpochEnd&)>& after_epoch);

// The method's predictions for all samples of a split, `rows` at a time.
method::Outputs predict_all(method::Method&, Engine&, const std::string& split, std::int64_t rows);

// Share of samples whose largest prediction is the true label.
double accuracy(const method::Outputs& predictions, const at::Tensor& truth);

}  // namespace winnow::train
