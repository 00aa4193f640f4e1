#include "epoch_metrics.h"

#include <ATen/ATen.h>

#include "curves.h"
#include "loop.h"
#include "selected_subset.h"
#include "winnow/device/transfer.h"
#include "winnow/label/long_tail.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

EpochMetrics::EpochMetrics(method::Method& method, Engine& engine, ImageSource& source, const Oracle& oracle,
                           const Settings& settings)
    : method_(method), engine_(engine), source_(source), oracle_(oracle) {
  std::int64_t classes = source.classes();
  if (!oracle.knows("train") && !source.has_given()) return;
  counts_ = shots_ = at::bincount(oracle.knows("train") ? oracle.labels("train") : source.labels().given, {}, classes);
  double factor = settings.real("evaluation.shot_factor");
  if (factor > 0)
    shots_ = at::tensor(label::long_tail_counts(classes * counts_.max().item<std::int64_t>(), classes, factor),
                        at::TensorOptions(at::kLong));
}

std::map<std::string, double> EpochMetrics::measure() {
  predictions_ = predict("test");
  std::map<std::string, double> metrics{{"accuracy", accuracy(predictions_, oracle_.labels("test"))}};
  for (const std::string& name : source_.further_tests()) {
    std::string split = std::string(kFurtherTest) + name;
    metrics[std::string(kAccuracyOn) + name] = accuracy(predict(split), oracle_.labels(split));
  }
  add_classes(metrics);
  for (const auto& [figure, value] : engine_.figures()) metrics.emplace(figure, value);
  if (source_.size("validation")) add_validation(metrics);
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

void EpochMetrics::add_classes(std::map<std::string, double>& metrics) {
  by_class_ = class_accuracy(predicted_classes(predictions_), oracle_.labels("test"), source_.classes());
  metrics["accuracy_class_mean"] = by_class_.mean;
  metrics["accuracy_worst_class"] = by_class_.worst;
  metrics["accuracy_harmonic"] = by_class_.harmonic;
  metrics["accuracy_geometric"] = by_class_.geometric;
  metrics["f1_macro"] = by_class_.f1_macro;
  if (shots_.defined()) metrics.merge(accuracy_by_shots(by_class_.of_class, shots_));
}

// Of the samples that data.validation sets aside.
void EpochMetrics::add_validation(std::map<std::string, double>& metrics) {
  method::Outputs predictions = predict("validation");
  if (oracle_.knows("validation")) metrics["validation_accuracy"] = accuracy(predictions, oracle_.labels("validation"));
  const LearnerLabels& labels = source_.labels();
  if (labels.validation_given.defined())
    metrics["validation_agreement"] = accuracy(predictions, labels.validation_given);
  if (!labels.validation_candidates.defined()) return;
  metrics["validation_covering"] = covering_rate(predictions, labels.validation_candidates);
  metrics["validation_approximated"] = approximated_accuracy(predictions, labels.validation_candidates);
}

void EpochMetrics::add_states(std::map<std::string, double>& metrics) {
  if (engine_.has_state("confidence")) {  // N x C
    at::Tensor confidence = engine_.state("confidence");
    if (oracle_.knows("train"))
      metrics["confidence_accuracy"] =
          (device::to_host(confidence.argmax(1)) == oracle_.labels("train")).to(at::kDouble).mean().item<double>();
    metrics["confidence_mean_max"] = device::to_host(confidence.amax(1).to(at::kDouble).mean()).item<double>();
  }
  if (engine_.has_state("mask"))
    add_selection_metrics(device::to_host(engine_.state("mask")), source_.labels().given, oracle_, metrics);
}

void EpochMetrics::put_classes(store::RunContent& content) const {
  std::vector<std::int64_t> number, samples;
  std::vector<double> values;
  for (std::int64_t c = 0; c < by_class_.of_class.size(0); ++c) {
    number.push_back(c);
    if (counts_.defined()) samples.push_back(counts_[c].item<std::int64_t>());
    values.push_back(by_class_.of_class[c].item<double>());
  }
  store::Table& table = content.tables["metrics/classes"] = {{"class", number}, {"accuracy", values}};
  if (counts_.defined()) table.push_back({"train_samples", samples});
}

}  // namespace winnow::train
