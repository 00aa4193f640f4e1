#include "winnow/train/optimiser.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <utility>

#include "winnow/core/error.h"

namespace winnow::train {

Optimiser::Optimiser(const Settings& settings, std::vector<model::Parameter*> parameters)
    : parameters_(std::move(parameters)) {
  std::string name = settings.text("train.optimizer");
  weight_decay_ = settings.real("train.weight_decay");
  if (name == "adam" || name == "adamw") {
    rule_ = name == "adam" ? Rule::adam : Rule::adamw;
    std::vector<double> betas = settings.reals("train.betas");
    if (betas.size() != 2) throw UsageError(fmt::format("train.betas: expected two numbers, got {}", betas.size()));
    beta1_ = betas[0], beta2_ = betas[1];
    eps_ = settings.real("train.eps");
  } else if (name == "sgd") {
    rule_ = Rule::sgd;
    momentum_ = settings.real("train.momentum");
    nesterov_ = settings.flag("train.nesterov");
  } else {
    throw UsageError(fmt::format("train.optimizer: unknown '{}'; known: adam, adamw, sgd", name));
  }
  stepped_ = at::zeros({}, at::TensorOptions(at::kByte));
  std::int64_t total = 0;
  for (model::Parameter* parameter : parameters_) total += parameter->value.numel();
  if (parameters_.empty()) return;
  at::TensorOptions options = parameters_[0]->value.options();
  flat_ = at::zeros({total}, options);
  std::int64_t offset = 0;
  for (model::Parameter* parameter : parameters_) {
    at::Tensor& value = parameter->value;
    values_.push_back(value);
    gradients_.push_back(flat_.narrow(0, offset, value.numel()).view(value.sizes()));
    first_moments_.push_back(at::zeros_like(value));
    if (rule_ != Rule::sgd) {
      second_moments_.push_back(at::zeros_like(value));
      steps_.push_back(at::zeros({}, options.dtype(at::kFloat)));
    }
    offset += value.numel();
  }
}

void Optimiser::zero() {
  if (flat_.defined()) flat_.zero_();
}

std::map<std::string, at::Tensor> Optimiser::state() const {
  std::map<std::string, at::Tensor> result{{"stepped", stepped_}};
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    result[fmt::format("first_moment/{}/{}", i, parameters_[i]->name)] = first_moments_[i];
    if (rule_ == Rule::sgd) continue;
    result[fmt::format("second_moment/{}/{}", i, parameters_[i]->name)] = second_moments_[i];
    result[fmt::format("step/{}/{}", i, parameters_[i]->name)] = steps_[i];
  }
  return result;
}

void Optimiser::step(double rate) {
  if (values_.empty()) return;
  at::NoGradGuard no_gradient;
  bool first = std::exchange(first_, false);
  if (first) stepped_.fill_(1);
  if (rule_ == Rule::sgd) {
    // The fused kernel wants no buffers where there is no momentum.
    at::TensorList buffers = momentum_ != 0 ? at::TensorList(first_moments_) : at::TensorList();
    at::_fused_sgd_(values_, gradients_, buffers, weight_decay_, momentum_, rate, /*dampening=*/0, nesterov_,
                    /*maximize=*/false, /*is_first_step=*/first);
    return;
  }
  at::_foreach_add_(steps_, 1);
  if (rule_ == Rule::adam)
    at::_fused_adam_(values_, gradients_, first_moments_, second_moments_, {}, steps_, rate, beta1_, beta2_,
                     weight_decay_, eps_,
                     /*amsgrad=*/false, /*maximize=*/false);
  else
    at::_fused_adamw_(values_, gradients_, first_moments_, second_moments_, {}, steps_, rate, beta1_, beta2_,
                      weight_decay_, eps_,
                      /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace winnow::train
