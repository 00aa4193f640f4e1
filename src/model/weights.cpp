#include "winnow/model/weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/device/transfer.h"

namespace winnow::model {

namespace {

// A parameter's value as layers compute with it: the tensor itself, but for embeddings of pure fp16.
at::Tensor in_type_of(const Parameter& parameter, const at::Tensor& value) {
  return value.to(parameter.use.scalar_type());
}

// In a memory of its own, laid out as a copy would be.
bool is_held_by_nobody_else(const at::Tensor& value) {
  return value.use_count() == 1 && value.storage().use_count() == 1 && !value.requires_grad() &&
         value.is_non_overlapping_and_dense() && value.storage().nbytes() == value.nbytes();
}

}  // namespace

Parameter* Weights::add(const std::string& name, at::Tensor value, bool trainable, Role role, std::int64_t block) {
  // The caller may build a second part from the same tensor: an update of one must not move the other.
  at::Tensor own = is_held_by_nobody_else(value) ? std::move(value) : value.detach().clone();
  parameters_.push_back({name, own, own, trainable, false, role, block});
  return &parameters_.back();
}

Parameter* Weights::find(const std::string& name) {
  for (Parameter& parameter : parameters_)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

std::int64_t Weights::trainable_values() const {
  std::int64_t result = 0;
  for (const Parameter& parameter : parameters_)
    if (parameter.trainable) result += parameter.value.numel();
  return result;
}

std::vector<Parameter*> Weights::trained() {
  std::vector<Parameter*> result;
  for (Parameter& parameter : parameters_)
    if (parameter.trained) result.push_back(&parameter);
  return result;
}

void Weights::to(c10::Device device) {
  for (Parameter& parameter : parameters_) {
    parameter.value = device::to_device(parameter.value, device);
    parameter.use = in_type_of(parameter, parameter.value);
  }
}

void Weights::become_fp16() {
  for (Parameter& parameter : parameters_) {
    if (parameter.trained) throw InternalError(fmt::format("'{}' is trained: its type stays", parameter.name));
    bool norm = parameter.role == Role::norm || parameter.role == Role::norm_bias || parameter.role == Role::statistics;
    parameter.wide = norm;
    if (norm || !parameter.value.is_floating_point()) continue;
    parameter.use = parameter.value.to(at::kHalf);
    if (parameter.role != Role::embedding) parameter.value = parameter.use;
  }
}

void Weights::train_what_is_trainable() {
  for (Parameter& parameter : parameters_) parameter.trained = parameter.trainable;
  renew();
}

void Weights::renew() {
  for (Parameter& parameter : parameters_)
    if (parameter.trained) parameter.use = in_type_of(parameter, parameter.value.detach()).requires_grad_(true);
    else if (parameter.trainable) parameter.use = in_type_of(parameter, parameter.value);
}

void Weights::copy_from(const Weights& other) {
  if (parameters_.size() != other.parameters_.size()) throw InternalError("a copy with another number of parameters");
  at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].name != other.parameters_[i].name)
      throw InternalError(fmt::format("a copy whose {} is {}", other.parameters_[i].name, parameters_[i].name));
    parameters_[i].value.copy_(other.parameters_[i].value);
    if (!parameters_[i].trained) parameters_[i].use = in_type_of(parameters_[i], parameters_[i].value);
  }
}

}  // namespace winnow::model
