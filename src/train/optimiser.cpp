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
  double weight_decay = settings.real(key("weight_decay"));
  bool decay_biases = !settings.has(key("decay_biases")) || settings.flag(key("decay_biases"));
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
  bool half = false;
  for (model::Parameter* parameter : parameters_) {
    total += parameter->value.numel();
    half |= parameter->value.scalar_type() == at::kHalf;
  }
  if (parameters_.empty()) return;
  if (half && rule_ != Rule::sgd)
    throw UsageError(
        fmt::format("{} = {}: train.precision = fp16-pure keeps moments in fp16, in which squares of gradients vanish; "
                    "take sgd, or fp16, bf16 or fp32",
                    key("optimizer"), name));
  at::TensorOptions options = parameters_[0]->value.options();
  if (half) options = options.dtype(at::kFloat);
  flat_ = at::zeros({total}, options);
  if (half) rounded_ = at::empty({total}, options.dtype(at::kHalf));
  if (settings.has("train.precision") && settings.text("train.precision") == "fp16") {
    constexpr double kStart = 65536;
    scale_ = at::full({}, kStart, options.dtype(at::kFloat));
    growth_ = at::zeros({}, options.dtype(at::kInt));
    found_infinite_ = at::zeros({}, options.dtype(at::kFloat));
  }
  std::int64_t offset = 0;
  for (model::Parameter* parameter : parameters_) {
    at::Tensor& value = parameter->value;
    auto part = [&](const at::Tensor& flat) { return flat.narrow(0, offset, value.numel()).view(value.sizes()); };
    bool bias = parameter->role == model::Role::bias || parameter->role == model::Role::norm_bias;
    double decay = bias && !decay_biases ? 0 : weight_decay;
    std::size_t group = 0;
    while (group < alike_.size() &&
           (alike_[group].values[0].scalar_type() != value.scalar_type() || alike_[group].weight_decay != decay))
      ++group;
    if (group == alike_.size()) alike_.push_back({decay, {}, {}, {}, {}, {}});
    Alike& alike = alike_[group];
    places_.emplace_back(group, alike.values.size());
    alike.values.push_back(value);
    gradients_.push_back(part(flat_));
    alike.gradients.push_back(value.scalar_type() == at::kHalf ? part(rounded_) : gradients_.back());
    alike.first_moments.push_back(at::zeros_like(value));
    if (rule_ != Rule::sgd) {
      alike.second_moments.push_back(at::zeros_like(value));
      alike.steps.push_back(at::zeros({}, options.dtype(at::kFloat)));
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
    auto [group, place] = places_[i];
    const Alike& alike = alike_[group];
    result[fmt::format("first_moment/{}/{}", i, parameters_[i]->name)] = alike.first_moments[place];
    if (rule_ == Rule::sgd) continue;
    result[fmt::format("second_moment/{}/{}", i, parameters_[i]->name)] = alike.second_moments[place];
    result[fmt::format("step/{}/{}", i, parameters_[i]->name)] = alike.steps[place];
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
  if (alike_.empty()) return;
  at::NoGradGuard no_gradient;
  std::optional<at::Tensor> infinite;
  if (scale_.defined()) infinite = found_infinite_;
  if (clip_ > 0) flat_.mul_((clip_ / (at::linalg_vector_norm(flat_) + 1e-6)).clamp_max(1));
  if (rounded_.defined()) rounded_.copy_(flat_);
  bool first = std::exchange(first_, false);
  if (first) stepped_.fill_(1);
  for (Alike& own : alike_) {
    if (own.values[0].scalar_type() == at::kHalf) {
      step_fp16(own, rate, first);
      continue;
    }
    if (rule_ == Rule::sgd) {
      // The fused kernel wants no buffers where there is no momentum.
      at::TensorList buffers = momentum_ != 0 ? at::TensorList(own.first_moments) : at::TensorList();
      at::_fused_sgd_(own.values, own.gradients, buffers, own.weight_decay, momentum_, rate, /*dampening=*/0, nesterov_,
                      /*maximize=*/false, /*is_first_step=*/first, /*grad_scale=*/{}, infinite);
      continue;
    }
    at::_foreach_add_(own.steps, 1);
    if (infinite) at::_foreach_sub_(own.steps, std::vector<at::Tensor>(own.steps.size(), *infinite));
    if (rule_ == Rule::adam)
      at::_fused_adam_(own.values, own.gradients, own.first_moments, own.second_moments, {}, own.steps, rate, beta1_,
                       beta2_, own.weight_decay, eps_,
                       /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, infinite);
    else
      at::_fused_adamw_(own.values, own.gradients, own.first_moments, own.second_moments, {}, own.steps, rate, beta1_,
                        beta2_, own.weight_decay, eps_,
                        /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, infinite);
  }
  move_scale();
}

// PyTorch's SGD one operation after the other, each rounded to fp16, as in the code whose results it is for. Not the
// fused kernel: torch 2.11's of the CPU computes other numbers for fp16 tensors of more than a few entries.
void Optimiser::step_fp16(Alike& own, double rate, bool first) const {
  if (own.weight_decay != 0) at::_foreach_add_(own.gradients, own.values, own.weight_decay);
  if (momentum_ == 0) return at::_foreach_add_(own.values, own.gradients, -rate);
  if (first) {
    at::_foreach_copy_(own.first_moments, own.gradients);
  } else {
    at::_foreach_mul_(own.first_moments, momentum_);
    at::_foreach_add_(own.first_moments, own.gradients, 1);
  }
  if (!nesterov_) return at::_foreach_add_(own.values, own.first_moments, -rate);
  at::_foreach_add_(own.gradients, own.first_moments, momentum_);
  at::_foreach_add_(own.values, own.gradients, -rate);
}

void Optimiser::move_scale() {
  constexpr double kGrowth = 2, kFall = 0.5;
  constexpr std::int64_t kSteps = 2000;
  if (scale_.defined()) at::_amp_update_scale_(scale_, growth_, found_infinite_, kGrowth, kFall, kSteps);
}

}  // namespace winnow::train
