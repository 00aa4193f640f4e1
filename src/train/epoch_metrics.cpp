#include "epoch_metrics.h"

#include <ATen/ATen.h>

#include "curves.h"
#include "loop.h"
#include "selected_subset.h"
#include "winnow/device/transfer.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

EpochMetrics::EpochMetrics(method::Method& method, Engine& engine, ImageSource& source, const Oracle& oracle,
                           const Settings& settings)
    : method_(method), engine_(engine), source_(source), oracle_(oracle), measured_(source, oracle, settings) {}

std::map<std::string, double> EpochMetrics::measure() {
  predictions_ = predict("test");
  std::map<std::string, double> metrics = measured_.of_test(predictions_);
  for (const std::string& name : source_.further_tests()) {
    metrics[std::string(kAccuracyOn) + name] =
        measured_.of_further_test(name, predict(std::string(kFurtherTest) + name));
  }
  for (const auto& [figure, value] : engine_.figures()) metrics.emplace(figure, value);
  if (source_.size("validation")) measured_.add_validation(predict("validation"), metrics);
  add_states(metrics);
  return metrics;
}

method::Outputs EpochMetrics::predict(const std::string& split) {
  method::Outputs sum;
  std::int64_t members = source_.for_each_member([&] {
    method::Outputs own = predict_all(method_, engine_, split);
    if (sum.all().empty()) sum = std::move(own);
    else
      for (auto& [name, tensor] : sum.all()) tensor = tensor + own.at(name);
  });
  if (members > 1)
    for (auto& [name, tensor] : sum.all()) tensor = tensor / static_cast<double>(members);
  return sum;
}

void EpochMetrics::add_states(std::map<std::string, double>& metrics) {
  if (engine_.has_state("confidence")) {  // N x C
    at::Tensor confidence = engine_.state("confidence");
    if (oracle_.knows("train"))
      metrics["confidence_accuracy"] =
          (device::to_host(confidence.argmax(1)) == oracle_.labels("train")).to(at::kDouble).mean().item<double>();
    metrics["confidence_mean_max"] = device::to_host(confidence.amax(1).to(at::kDouble).mean()).item<double>();
  }
  if (!engine_.has_state("mask")) return;
  at::Tensor given = source_.labels().given;  // none where the method makes its labels itself
  add_selection_metrics(device::to_host(engine_.state("mask")),
                        given.defined() ? given : device::to_host(engine_.state("label")), source_.classes(), oracle_,
                        metrics);
}

}  // namespace winnow::train
