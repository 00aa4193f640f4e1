#include "curves.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace winnow::train {

void Curves::add(const EpochEnd& end, const std::map<std::string, double>& metrics) {
  epochs_.push_back(end);
  for (const auto& [name, value] : metrics) metrics_[name].push_back(value);
}

void Curves::put(store::RunContent& content, const std::vector<at::Tensor>& losses) const {
  std::vector<std::int64_t> number;
  std::vector<double> loss, rate;
  for (const EpochEnd& end : epochs_) {
    number.push_back(end.epoch);
    loss.push_back(end.loss);
    rate.push_back(end.rate);
  }
  store::Table epochs = {{"epoch", number}, {"loss", loss}, {"learning_rate", rate}};
  store::Table last = {{"loss", std::vector<double>{loss.back()}}};
  for (const auto& [name, values] : metrics_) {
    epochs.push_back({name, values});
    last.push_back({name, std::vector<double>{values.back()}});
  }
  const std::vector<double>& accuracy = metrics_.at("accuracy");
  auto best = std::max_element(accuracy.begin(), accuracy.end());
  last.push_back({"accuracy_best", std::vector<double>{*best}});
  last.push_back({"epoch_best", std::vector<std::int64_t>{best - accuracy.begin()}});
  content.tables["metrics/epochs"] = std::move(epochs);
  content.tables["metrics/final"] = std::move(last);

  constexpr std::size_t kRows = 500;
  std::size_t every = (losses.size() + kRows - 1) / kRows;
  std::vector<std::int64_t> steps;
  std::vector<double> values;
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (i % every == 0 || i + 1 == losses.size()) {
      steps.push_back(static_cast<std::int64_t>(i));
      values.push_back(losses[i].item<double>());
    }
  content.tables["metrics/steps"] = {{"step", steps}, {"loss", values}};
}

}  // namespace winnow::train
