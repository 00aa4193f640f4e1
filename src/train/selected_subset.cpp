#include "selected_subset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "winnow/core/error.h"

namespace winnow::train {

void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, const Oracle& oracle, std::map<std::string, double>& metrics) {
  metrics["selection_kept"] = mask.to(at::kDouble).mean().item<double>();
  if (!oracle.knows("train")) return;
  SelectionQuality quality = selection_quality(mask, given, oracle.labels("train"));
  metrics["selection_precision"] = quality.precision;
  metrics["selection_recall"] = quality.recall;
  metrics["selection_f1"] = quality.f1;
  metrics["selection_kept"] = quality.kept;
}

void put_selection(const SelectedSubset& subset, const at::Tensor& masks, ImageSource& source, store::RunContent& content) {
  content.arrays["selection/samples"] = array_of(source.samples("train"));
  content.arrays["selection/mask"] = array_of(subset.mask.to(at::kByte));
  content.arrays["selection/label"] = array_of(subset.label);
  if (subset.score.defined()) content.arrays["selection/score"] = array_of(subset.score);
  if (masks.defined()) content.arrays["selection/epochs/mask"] = array_of(masks.to(at::kByte));
}

std::map<std::string, at::Tensor> read_selection(const Path& run_file, ImageSource& source, store::Accept accept) {
  store::RunContent content = store::read_run_file(run_file, true, accept);
  auto need = [&](const std::string& name) { return tensor_in(content, run_file, name, name + ": it selects nothing"); };
  if (!at::equal(need("selection/samples"), source.samples("train")))
    throw DataError(fmt::format("{} selects among other samples than this stage trains on", run_file.string()));
  std::map<std::string, at::Tensor> result{{"mask", need("selection/mask")}, {"label", need("selection/label")}};
  if (content.arrays.count("selection/score")) result["score"] = need("selection/score");
  const at::Tensor& mask = result.at("mask");
  if (mask.sum().item<std::int64_t>() == 0)
    throw UsageError(fmt::format("the selection in {} keeps none of {} samples: nothing is left to train on", run_file.string(), mask.numel()));
  return result;
}

}  // namespace winnow::train
