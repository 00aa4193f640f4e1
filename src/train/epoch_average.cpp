#include "winnow/train/epoch_average.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <utility>

#include "winnow/core/error.h"
#include "winnow/method/weight_average.h"

namespace winnow::train {

EpochAverage::EpochAverage(const Settings& settings, std::int64_t epochs, std::vector<model::Parameter*> parameters) {
  if (!settings.has("train.average")) return;
  std::string word = settings.text("train.average");
  if (word == "none") return;
  if (word != "gaussian") throw UsageError(fmt::format("train.average: unknown '{}'; known: none, gaussian", word));
  at::Tensor shares =
      method::gaussian_shares(epochs, settings.real("train.average_mean"), settings.real("train.average_deviation"));
  shares_.assign(shares.const_data_ptr<double>(), shares.const_data_ptr<double>() + epochs);
  parameters_ = std::move(parameters);
  for (const model::Parameter* parameter : parameters_) sums_.push_back(at::zeros_like(parameter->value));
}

bool EpochAverage::end_epoch(std::int64_t epoch) {
  if (shares_.empty()) return false;
  at::NoGradGuard no_gradient;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    sums_[i].add_(parameters_[i]->value, shares_.at(static_cast<std::size_t>(epoch)));
  if (epoch + 1 < static_cast<std::int64_t>(shares_.size())) return false;
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i]->value.copy_(sums_[i]);
  return true;
}

std::map<std::string, at::Tensor> EpochAverage::state() const {
  std::map<std::string, at::Tensor> result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) result[fmt::format("{}/{}", i, parameters_[i]->name)] = sums_[i];
  return result;
}

}  // namespace winnow::train
