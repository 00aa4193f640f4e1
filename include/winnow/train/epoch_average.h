// An average of the weights at the ends of all epochs, which takes their place when the last one has ended. Khattak et
// al., "Self-regulating prompts: foundational model adaptation without forgetting", 2023, section 3.2 (Gaussian
// weighted prompt aggregation); docs/methods/unsupervised.md#6.8.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/model/weights.h"

namespace winnow::train {

// Settings train.{average,average_mean,average_deviation}: gaussian, the shares of a normal density at the numbers 1,
// ..., E of the epochs (weight_average.h). Without the setting, or with none, nothing is kept and nothing moves.
// Borrows the parameters; on their device, no look at it.
class EpochAverage {
 public:
  EpochAverage() = default;
  EpochAverage(const Settings&, std::int64_t epochs, std::vector<model::Parameter*> parameters);

  // At the end of an epoch, counted from 0. True: the weights are now the average, and handles want renewing.
  bool end_epoch(std::int64_t epoch);
  // Sums so far, which a checkpoint keeps, by "number/parameter".
  std::map<std::string, at::Tensor> state() const;

 private:
  std::vector<double> shares_;  // empty: no average
  std::vector<model::Parameter*> parameters_;
  std::vector<at::Tensor> sums_;
};

}  // namespace winnow::train
