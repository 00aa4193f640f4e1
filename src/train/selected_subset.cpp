#include "selected_subset.h"

#include <ATen/ATen.h>

#include "arrays.h"

namespace winnow::train {

void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, const Oracle& oracle,
                           std::map<std::string, double>& metrics) {
  metrics["selection_kept"] = mask.to(at::kDouble).mean().item<double>();
  if (!oracle.knows("train")) return;
  SelectionQuality quality = selection_quality(mask, given, oracle.labels("train"));
  metrics["selection_precision"] = quality.precision;
  metrics["selection_recall"] = quality.recall;
  metrics["selection_f1"] = quality.f1;
  metrics["selection_kept"] = quality.kept;
}

void put_pseudo_labels(const SelectedSubset& subset, std::int64_t classes, const Oracle& oracle,
                       store::RunContent& content) {
  std::map<std::string, double> metrics;
  at::Tensor mask = subset.mask.to(at::kBool), label;
  if (mask.dim() == 1) {
    add_selection_metrics(mask, subset.label, oracle, metrics);
    label = subset.label.masked_select(mask);
  } else {
    at::Tensor pairs = mask.nonzero();
    label = pairs.select(1, 1);
    metrics["selection_kept"] = mask.any(1).to(at::kDouble).mean().item<double>();
    if (oracle.knows("train"))
      metrics["selection_precision"] = selection_quality(at::ones_like(label, at::kBool), label,
                                                         oracle.labels("train").index_select(0, pairs.select(1, 0)))
                                           .precision;
  }
  metrics["selection_empty_classes"] = (at::bincount(label, {}, classes) == 0).sum().to(at::kDouble).item<double>();
  store::Table& last = content.tables["metrics/final"];
  for (const auto& [name, value] : metrics) last.push_back({name, std::vector<double>{value}});
}

void put_selection(const SelectedSubset& subset, const at::Tensor& masks, ImageSource& source,
                   store::RunContent& content) {
  content.arrays["selection/samples"] = array_of(source.samples("train"));
  content.arrays["selection/mask"] = array_of(subset.mask.to(at::kByte));
  if (subset.label.defined()) content.arrays["selection/label"] = array_of(subset.label);
  if (subset.weight.defined()) content.arrays["selection/weight"] = array_of(subset.weight);
  if (subset.score.defined()) content.arrays["selection/score"] = array_of(subset.score);
  if (masks.defined()) content.arrays["selection/epochs/mask"] = array_of(masks.to(at::kByte));
}

}  // namespace winnow::train
