// The training loop, and predictions of a trained method.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "checkpoint.h"
#include "winnow/method/method.h"
#include "winnow/train/engine.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// What one epoch came to.
struct EpochEnd {
  std::int64_t epoch = 0;
  double loss = 0;  // mean over its steps
  double rate = 0;  // learning rate of its first step
};

class Curves;

// Where a loop runs and who watches it.
struct Surroundings {
  comm::Collective& collective;
  Observer& observer;
  Checkpoint& checkpoint;
  Trial* trial = nullptr;  // the stage is only tried: what is measured goes there
};

using Evaluate = std::function<std::map<std::string, double>()>;

// Sets the method up and runs all epochs, those that a checkpoint holds excepted; or tries some steps (trial.h).
// `evaluate` gives the metrics of an epoch; they go into the curves. Throws Stopped, and UsageError for a loss that is
// not finite: it names method, epoch, step and samples.
void train_loop(method::Method&, const std::string& method_name, Engine&, Source&, const Surroundings&, Curves&,
                const Evaluate& evaluate);

// The method's predictions for all samples of a split, on the host.
method::Outputs predict_all(method::Method&, Engine&, const std::string& split);

}  // namespace winnow::train
