// Adam, AdamW and SGD as PyTorch defines them, over one flat gradient buffer; and learning-rate schedules.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/model/weights.h"

namespace winnow::train {

// train.schedule: constant; cosine (by epoch): lr (1 + cos(pi e / epochs)) / 2; cosine-step: the same by iteration.
double learning_rate(const Settings&, std::int64_t epoch, std::int64_t epochs, std::int64_t iteration, std::int64_t iterations);

// Every parameter gets a gradient (zero where the loss does not reach it) and the step always runs. The gradients of all
// parameters are views of one flat buffer, so a gang reduces them in one call.
class Optimiser {
 public:
  // Reads train.optimizer, weight_decay, betas, eps, momentum, nesterov.
  Optimiser(const Settings&, std::vector<model::Parameter*> parameters);

  void zero();
  at::Tensor& flat() { return flat_; }
  const at::Tensor& flat() const { return flat_; }
  at::Tensor& gradient(std::size_t i) { return gradients_[i]; }
  const std::vector<model::Parameter*>& parameters() const { return parameters_; }
  void step(double rate);

  // Moments and counters, which a checkpoint keeps; after they were written from outside, resumed().
  std::map<std::string, at::Tensor> state() const;
  void resumed() { first_ = stepped_.item<std::uint8_t>() == 0; }

 private:
  enum class Rule { adam, adamw, sgd };
  Rule rule_;
  double weight_decay_, beta1_ = 0, beta2_ = 0, eps_ = 0, momentum_ = 0;
  bool nesterov_ = false;
  bool first_ = true;
  std::vector<model::Parameter*> parameters_;
  at::Tensor flat_, stepped_;                     // u8: has a step been taken?
  std::vector<at::Tensor> values_, gradients_, first_moments_, second_moments_, steps_;
};

}  // namespace winnow::train
