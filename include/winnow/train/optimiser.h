// Adam, AdamW and SGD as PyTorch defines them, over one flat gradient buffer.
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

// Every parameter gets a gradient (zero where the loss does not reach it) and the step always runs. The gradients of
// all parameters are views of one flat buffer, so a gang reduces them in one call. All parameters have one type and
// device. Borrows them.
class Optimiser {
 public:
  // Reads optimizer, weight_decay, betas, eps, momentum, nesterov, clip of `table` (optimiser_key.h). UsageError for
  // other words.
  Optimiser(const Settings&, std::vector<model::Parameter*> parameters, const std::string& table = "train");

  void zero();
  // Undefined without parameters. Written in place, as gradient(i), the part of it that belongs to parameters()[i].
  const at::Tensor& flat() const { return flat_; }
  const at::Tensor& gradient(std::size_t i) const { return gradients_[i]; }
  const std::vector<model::Parameter*>& parameters() const { return parameters_; }
  // Gradients whose norm, over all parameters, is above `clip` are scaled down to it first (0: none is), without
  // looking at the device: g min(1, clip / (|g| + 1e-6)), as torch.nn.utils.clip_grad_norm_.
  void step(double rate);

  // Moments and counters themselves, which a checkpoint keeps; after they were written from outside, resumed(), which
  // reads the device.
  std::map<std::string, at::Tensor> state() const;
  void resumed() { first_ = stepped_.item<std::uint8_t>() == 0; }

 private:
  enum class Rule { adam, adamw, sgd };
  Rule rule_;
  double clip_ = 0, weight_decay_, beta1_ = 0, beta2_ = 0, eps_ = 0, momentum_ = 0;
  bool nesterov_ = false;
  bool first_ = true;
  std::vector<model::Parameter*> parameters_;
  at::Tensor flat_, stepped_;  // u8: has a step been taken?
  std::vector<at::Tensor> values_, gradients_, first_moments_, second_moments_, steps_;
};

}  // namespace winnow::train
