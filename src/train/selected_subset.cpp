#include "selected_subset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"

namespace winnow::train {

namespace {

double count(const at::Tensor& flags) { return flags.sum().to(at::kDouble).item<double>(); }

at::Tensor without_a_pair(const at::Tensor& mask) { return mask.to(at::kBool).any(0).logical_not(); }  // of N x C: C

}  // namespace

at::Tensor empty_classes(const at::Tensor& mask, const at::Tensor& label, std::int64_t classes) {
  return at::bincount(label.masked_select(mask.to(at::kBool)), {}, classes) == 0;
}

std::string without_sample(const SelectedSubset& subset, const std::vector<std::string>& class_names) {
  constexpr std::int64_t kShown = 5;
  auto classes = static_cast<std::int64_t>(class_names.size());
  if (count(subset.mask.to(at::kBool)) == 0)
    return fmt::format("the selection keeps none of {} samples", subset.mask.size(0));
  at::Tensor empty =
      subset.mask.dim() == 2 ? without_a_pair(subset.mask) : empty_classes(subset.mask, subset.label, classes);
  at::Tensor numbers = empty.nonzero().flatten();
  if (numbers.size(0) == 0) return {};
  std::string named;
  for (std::int64_t i = 0; i < std::min(kShown, numbers.size(0)); ++i)
    named +=
        fmt::format("{}'{}'", i ? ", " : "", class_names[static_cast<std::size_t>(numbers[i].item<std::int64_t>())]);
  return fmt::format("{} of {} classes have no selected sample: {}{}", numbers.size(0), classes, named,
                     numbers.size(0) > kShown ? ", ..." : "");
}

void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, std::int64_t classes, const Oracle& oracle,
                           std::map<std::string, double>& metrics) {
  metrics["selection_kept"] = mask.to(at::kDouble).mean().item<double>();
  metrics["selection_empty_classes"] = count(empty_classes(mask, given, classes));
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
  at::Tensor mask = subset.mask.to(at::kBool);
  if (mask.dim() == 1) {
    add_selection_metrics(mask, subset.label, classes, oracle, metrics);
  } else {
    at::Tensor pairs = mask.nonzero(), label = pairs.select(1, 1);
    metrics["selection_kept"] = mask.any(1).to(at::kDouble).mean().item<double>();
    metrics["selection_empty_classes"] = count(without_a_pair(mask));
    if (oracle.knows("train"))
      metrics["selection_precision"] = selection_quality(at::ones_like(label, at::kBool), label,
                                                         oracle.labels("train").index_select(0, pairs.select(1, 0)))
                                           .precision;
  }
  store::Table& last = content.tables["metrics/final"];
  for (const auto& [name, value] : metrics) last.push_back({name, std::vector<double>{value}});
}

void say_without_sample(const SelectedSubset& subset, const ImageSource& source, comm::Collective& collective,
                        Observer& observer) {
  if (collective.rank() != 0) return;
  if (std::string words = without_sample(subset, source.class_names()); !words.empty()) observer.note(words);
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
