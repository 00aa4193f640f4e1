#include "curves.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "saved_entries.h"
#include "winnow/core/error.h"

namespace winnow::train {

void Curves::add(const EpochEnd& end, const std::map<std::string, double>& metrics) {
  epochs_.push_back(end);
  for (const auto& [name, value] : metrics) metrics_[name].push_back(value);
}

void Curves::save(std::map<std::string, at::Tensor>& tensors) const {
  std::vector<double> rows;
  for (const EpochEnd& end : epochs_) rows.insert(rows.end(), {static_cast<double>(end.epoch), end.loss, end.rate});
  auto doubles = [](const std::vector<double>& values) { return at::tensor(values, at::TensorOptions(at::kDouble)); };
  tensors["curve.epochs"] = doubles(rows);
  tensors["curve.metrics"] = at::tensor({static_cast<std::int64_t>(metrics_.size())}, at::kLong);
  for (const auto& [name, values] : metrics_) tensors["curve/" + name] = doubles(values);
}

void Curves::require_fit(SavedEntries& saved, std::int64_t epochs) const {
  const double* rows = saved.need("curve.epochs", {3 * epochs}, at::kDouble).const_data_ptr<double>();
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch)
    if (rows[3 * epoch] != static_cast<double>(epoch))
      throw DataError(fmt::format("its row {} of metrics/epochs is of epoch {}", epoch, rows[3 * epoch]));
  std::vector<std::string> names = saved.names("curve/");
  for (const std::string& name : names) saved.need("curve/" + name, {epochs}, at::kDouble);
  auto counted = saved.need("curve.metrics", {1}, at::kLong).item<std::int64_t>();
  if (counted != static_cast<std::int64_t>(names.size()))
    throw DataError(fmt::format("it has {} metrics of {}", names.size(), counted));
}

void Curves::load(const std::map<std::string, at::Tensor>& tensors) {
  auto values_of = [](const at::Tensor& tensor) {
    const double* first = tensor.const_data_ptr<double>();
    return std::vector<double>(first, first + tensor.numel());
  };
  std::vector<double> rows = values_of(tensors.at("curve.epochs"));
  for (std::size_t i = 0; i + 2 < rows.size(); i += 3)
    epochs_.push_back({static_cast<std::int64_t>(rows[i]), rows[i + 1], rows[i + 2]});
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("curve/")) metrics_[name.substr(6)] = values_of(tensor);
}

void Curves::put(store::RunContent& content, const at::Tensor& losses) const {
  std::vector<std::int64_t> number;
  std::vector<double> loss, rate;
  for (const EpochEnd& end : epochs_) {
    number.push_back(end.epoch);
    loss.push_back(end.loss);
    rate.push_back(end.rate);
  }
  store::Table epochs = {{"epoch", number}}, last;
  if (losses.defined()) {
    epochs.insert(epochs.end(), {{"loss", loss}, {"learning_rate", rate}});
    last.push_back({"loss", std::vector<double>{loss.back()}});
  }
  for (const auto& [name, values] : metrics_) {
    epochs.push_back({name, values});
    last.push_back({name, std::vector<double>{values.back()}});
  }
  std::vector<std::string> measured;  // what is measured of every epoch on a test split; a program may predict nothing
  for (const auto& [name, values] : metrics_)
    if (name == "accuracy" || name.starts_with(kAccuracyOn)) measured.push_back(name);
  for (const std::string& name : measured) {
    const std::vector<double>& values = metrics_.at(name);
    auto best = std::max_element(values.begin(), values.end());
    last.push_back({name + "_best", std::vector<double>{*best}});
    if (name == "accuracy") last.push_back({"epoch_best", std::vector<std::int64_t>{best - values.begin()}});
  }
  for (const char* chooses : {"validation_accuracy", "validation_agreement"}) {
    auto found = metrics_.find(chooses);
    if (found == metrics_.end() || measured.empty()) continue;
    auto epoch = std::max_element(found->second.begin(), found->second.end()) - found->second.begin();
    for (const std::string& name : measured)
      last.push_back(
          {name + "_validation", std::vector<double>{metrics_.at(name).at(static_cast<std::size_t>(epoch))}});
    last.push_back({"epoch_validation", std::vector<std::int64_t>{epoch}});
    break;
  }
  content.tables["metrics/epochs"] = std::move(epochs);
  content.tables["metrics/final"] = std::move(last);
  if (!losses.defined()) return;

  constexpr std::int64_t kRows = 500;
  at::Tensor all = losses.to(at::kDouble).contiguous();
  std::int64_t count = all.numel(), every = (count + kRows - 1) / kRows;
  std::vector<std::int64_t> steps;
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i)
    if (i % every == 0 || i + 1 == count) {
      steps.push_back(i);
      values.push_back(all.const_data_ptr<double>()[i]);
    }
  content.tables["metrics/steps"] = {{"step", steps}, {"loss", values}};
}

}  // namespace winnow::train
