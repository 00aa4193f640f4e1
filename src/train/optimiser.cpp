#include "winnow/train/optimiser.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/train/optimiser_key.h"

namespace winnow::train {

Optimiser::Optimiser(const Settings& settings, std::vector<model::Parameter*> parameters, const std::string& table)
    : parameters_(std::move(parameters)) {
  auto key = [&](const char* word) { return optimiser_key(settings, table, word); };
  std::string name = settings.text(key("optimizer"));
  weight_decay_ = settings.real(key("weight_decay"));
  if (settings.has(key("clip"))) clip_ = settings.real(key("clip"));
  if (name == "adam" || name == "adamw") {
    rule_ = name == "adam" ? Rule::adam : Rule::adamw;
    std::vector<double> betas = settings.reals(key("betas"));
    if (betas.size() != 2)
      throw UsageError(fmt::format("{}: expected two numbers, got {}", key("betas"), betas.size()));
    beta1_ = betas[0], beta2_ = betas[1];
    eps_ = settings.real(key("eps"));
  } else if (name == "sgd") {
    rule_ = Rule::sgd;
    momentum_ = settings.real(key("momentum"));
    nesterov_ = settings.flag(key("nesterov"));
  } else {
    throw UsageError(fmt::format("{}: unknown '{}'; known: adam, adamw, sgd", key("optimizer"), name));
  }
  stepped_ = at::zeros({}, at::TensorOptions(at::kByte));
  std::int64_t total = 0;
  for (model::Parameter* parameter : parameters_) total += parameter->value.numel();
  if (parameters_.empty()) return;
  at::TensorOptions options = parameters_[0]->value.options();
  flat_ = at::zeros({total}, options);
  if (settings.has("train.precision") && settings.text("train.precision") == "fp16") {
    constexpr double kStart = 65536;
    scale_ = at::full({}, kStart, options.dtype(at::kFloat));
    growth_ = at::zeros({}, options.dtype(at::kInt));
    found_infinite_ = at::zeros({}, options.dtype(at::kFloat));
  }
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
  if (scale_.defined()) result.insert({{"loss_scale", scale_}, {"steps_since_it_fell", growth_}});
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    result[fmt::format("first_moment/{}/{}", i, parameters_[i]->name)] = first_moments_[i];
    if (rule_ == Rule::sgd) continue;
    result[fmt::format("second_moment/{}/{}", i, parameters_[i]->name)] = second_moments_[i];
    result[fmt::format("step/{}/{}", i, parameters_[i]->name)] = steps_[i];
  }
  return result;
}

void Optimiser::unscale() {
  if (!scale_.defined()) return;
  at::NoGradGuard no_gradient;
  found_infinite_.zero_();
  at::_amp_foreach_non_finite_check_and_unscale_({flat_}, found_infinite_, scale_.reciprocal());
}

void Optimiser::step(double rate) {
  if (values_.empty()) return;
  at::NoGradGuard no_gradient;
  std::optional<at::Tensor> infinite;
  if (scale_.defined()) infinite = found_infinite_;
  if (clip_ > 0) flat_.mul_((clip_ / (at::linalg_vector_norm(flat_) + 1e-6)).clamp_max(1));
  bool first = std::exchange(first_, false);
  if (first) stepped_.fill_(1);
  if (rule_ == Rule::sgd) {
    // The fused kernel wants no buffers where there is no momentum.
    at::TensorList buffers = momentum_ != 0 ? at::TensorList(first_moments_) : at::TensorList();
    at::_fused_sgd_(values_, gradients_, buffers, weight_decay_, momentum_, rate, /*dampening=*/0, nesterov_,
                    /*maximize=*/false, /*is_first_step=*/first, /*grad_scale=*/{}, infinite);
    move_scale();
    return;
  }
  at::_foreach_add_(steps_, 1);
  if (infinite) at::_foreach_sub_(steps_, std::vector<at::Tensor>(steps_.size(), *infinite));
  if (rule_ == Rule::adam)
    at::_fused_adam_(values_, gradients_, first_moments_, second_moments_, {}, steps_, rate, beta1_, beta2_,
                     weight_decay_, eps_,
                     /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, infinite);
  else
    at::_fused_adamw_(values_, gradients_, first_moments_, second_moments_, {}, steps_, rate, beta1_, beta2_,
                      weight_decay_, eps_,
                      /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, infinite);
  move_scale();
}

void Optimiser::move_scale() {
  constexpr double kGrowth = 2, kFall = 0.5;
  constexpr std::int64_t kSteps = 2000;
  if (scale_.defined()) at::_amp_update_scale_(scale_, growth_, found_infinite_, kGrowth, kFall, kSteps);
}

}  // namespace winnow::train
