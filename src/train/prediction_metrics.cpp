#include "prediction_metrics.h"

#include <ATen/ATen.h>

#include "winnow/label/long_tail.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

PredictionMetrics::PredictionMetrics(const ImageSource& source, const Oracle& oracle, const Settings& settings)
    : source_(source), oracle_(oracle) {
  std::int64_t classes = source.classes();
  if (!oracle.knows("train") && !source.has_given()) return;
  counts_ = shots_ = at::bincount(oracle.knows("train") ? oracle.labels("train") : source.labels().given, {}, classes);
  double factor = settings.real("evaluation.shot_factor");
  if (factor > 0)
    shots_ = at::tensor(label::long_tail_counts(classes * counts_.max().item<std::int64_t>(), classes, factor),
                        at::TensorOptions(at::kLong));
}

std::map<std::string, double> PredictionMetrics::of_test(const model::Outputs& predictions) {
  std::map<std::string, double> metrics{{"accuracy", accuracy(predictions, oracle_.labels("test"))}};
  by_class_ = class_accuracy(predicted_classes(predictions), oracle_.labels("test"), source_.classes());
  metrics["accuracy_class_mean"] = by_class_.mean;
  metrics["accuracy_worst_class"] = by_class_.worst;
  metrics["accuracy_harmonic"] = by_class_.harmonic;
  metrics["accuracy_geometric"] = by_class_.geometric;
  metrics["f1_macro"] = by_class_.f1_macro;
  if (shots_.defined()) metrics.merge(accuracy_by_shots(by_class_.of_class, shots_));
  return metrics;
}

double PredictionMetrics::of_further_test(const std::string& name, const model::Outputs& predictions) const {
  return accuracy(predictions, oracle_.labels(std::string(kFurtherTest) + name));
}

void PredictionMetrics::add_validation(const model::Outputs& predictions,
                                       std::map<std::string, double>& metrics) const {
  if (oracle_.knows("validation")) metrics["validation_accuracy"] = accuracy(predictions, oracle_.labels("validation"));
  const LearnerLabels& labels = source_.labels();
  if (labels.validation_given.defined())
    metrics["validation_agreement"] = accuracy(predictions, labels.validation_given);
  if (!labels.validation_candidates.defined()) return;
  metrics["validation_covering"] = covering_rate(predictions, labels.validation_candidates);
  metrics["validation_approximated"] = approximated_accuracy(predictions, labels.validation_candidates);
}

void PredictionMetrics::put_classes(store::RunContent& content) const {
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
