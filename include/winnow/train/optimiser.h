// Adam, AdamW and SGD as PyTorch defines them, over one flat gradient buffer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/model/weights.h"

namespace winnow::train {

// Every parameter gets a gradient (zero where the loss does not reach it) and the step always runs. The gradients of
// all parameters are views of one flat buffer, so a gang reduces them in one call. All parameters have one device and,
// but for fp16 ones among fp32 ones (train.precision = fp16-pure), one type. Gradients of fp16 ones are summed in fp32
// and rounded before the step; their momentum is fp16, as in CoOp's and DeFT's code. Borrows the parameters.
class Optimiser {
 public:
  // Under train.precision = fp16 gradients are those of the loss times loss_scale(), which keeps small ones above
  // fp16's least number: unscale() takes it off again, and a step whose gradients are not finite leaves everything as
  // it is. The scale is halved then, and doubled after 2,000 steps without (Micikevicius et al., "Mixed precision
  // training", 2018; PyTorch's GradScaler). No look at the device. Reads optimizer, weight_decay, decay_biases, betas,
  // eps, momentum, nesterov, clip of `table` (optimiser_key.h). UsageError for other words, and for other rules than
  // sgd with fp16 parameters: squares of their gradients vanish in fp16, and steps are divided by them.
  Optimiser(const Settings&, std::vector<model::Parameter*> parameters, const std::string& table = "train");

  void zero();
  const at::Tensor& loss_scale() const { return scale_; }  // a scalar; undefined: 1
  void unscale();                                          // the gradients, once a step, before it
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
  void move_scale();

  // What is stepped in one call: parameters of one type and one weight decay, on gradients of that type.
  struct Alike {
    double weight_decay;
    std::vector<at::Tensor> values, gradients, first_moments, second_moments, steps;
  };
  void step_fp16(Alike&, double rate, bool first) const;
  enum class Rule { adam, adamw, sgd };
  Rule rule_;
  double clip_ = 0, beta1_ = 0, beta2_ = 0, eps_ = 0, momentum_ = 0;
  bool nesterov_ = false;
  bool first_ = true;
  std::vector<model::Parameter*> parameters_;
  at::Tensor flat_, stepped_;                   // u8: has a step been taken?
  at::Tensor scale_, growth_, found_infinite_;  // of fp16
  at::Tensor rounded_;                          // flat_ in fp16, where a parameter is; else undefined
  std::vector<at::Tensor> gradients_;
  std::vector<Alike> alike_;                                 // without parameters none
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // of parameter i: among alike_, and in there
};

}  // namespace winnow::train
