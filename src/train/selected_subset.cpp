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

void put_selection(const SelectedSubset& subset, const at::Tensor& masks, ImageSource& source,
                   store::RunContent& content) {
  content.arrays["selection/samples"] = array_of(source.samples("train"));
  content.arrays["selection/mask"] = array_of(subset.mask.to(at::kByte));
  content.arrays["selection/label"] = array_of(subset.label);
  if (subset.score.defined()) content.arrays["selection/score"] = array_of(subset.score);
  if (masks.defined()) content.arrays["selection/epochs/mask"] = array_of(masks.to(at::kByte));
}

}  // namespace winnow::train
