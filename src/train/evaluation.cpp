#include "winnow/train/evaluation.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"

namespace winnow::train {

namespace {

const at::Tensor& scores_of(const model::Outputs& predictions) {
  return predictions.has("prediction") ? predictions.at("prediction") : predictions.at("logits");
}

// Of each row's largest score, N.
at::Tensor at_prediction(const at::Tensor& rows, const at::Tensor& scores) {
  return rows.gather(1, scores.argmax(1, /*keepdim=*/true)).squeeze(1).to(at::kDouble);
}

}  // namespace

at::Tensor predicted_classes(const model::Outputs& predictions) { return scores_of(predictions).argmax(1); }

double accuracy(const model::Outputs& predictions, const at::Tensor& truth) {
  return (predicted_classes(predictions) == truth).to(at::kDouble).mean().item<double>();
}

ClassAccuracy class_accuracy(const at::Tensor& predicted, const at::Tensor& truth, std::int64_t classes) {
  auto count = [&](const at::Tensor& labels) { return at::bincount(labels, {}, classes).to(at::kDouble); };
  at::Tensor samples = count(truth), right = count(truth.masked_select(predicted == truth)), there = samples > 0;
  ClassAccuracy result;
  result.of_class = right / samples;
  at::Tensor known = result.of_class.masked_select(there);
  if (known.numel() == 0) return result;
  constexpr double kFloor = 1e-5;
  result.mean = known.mean().item<double>();
  result.worst = known.min().item<double>();
  result.harmonic = 1 / known.clamp_min(kFloor).reciprocal().mean().item<double>();
  result.geometric = known.log().mean().exp().item<double>();
  result.f1_macro = (2 * right / (samples + count(predicted))).masked_select(there).mean().item<double>();
  return result;
}

std::map<std::string, double> accuracy_by_shots(const at::Tensor& of_class, const at::Tensor& counts) {
  std::map<std::string, double> result;
  at::Tensor known = of_class.isfinite(), many = counts > 100, few = counts < 20;
  for (const auto& [name, group] : {std::pair{"accuracy_many", many},
                                    {"accuracy_medium", many.logical_or(few).logical_not()},
                                    {"accuracy_few", few}})
    if (at::Tensor members = of_class.masked_select(group.logical_and(known)); members.numel() > 0)
      result.emplace(name, members.mean().item<double>());
  return result.size() > 1 ? result : std::map<std::string, double>();
}

double covering_rate(const model::Outputs& predictions, const at::Tensor& candidates) {
  return at_prediction(candidates, scores_of(predictions)).mean().item<double>();
}

double approximated_accuracy(const model::Outputs& predictions, const at::Tensor& candidates) {
  const at::Tensor& scores = scores_of(predictions);
  at::Tensor among = at::softmax(scores.to(at::kDouble).masked_fill(candidates == 0, -method::kInfinity), 1);
  return at_prediction(among, scores).mean().item<double>();
}

double f1_of(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

SelectionQuality selection_quality(const at::Tensor& mask, const at::Tensor& given, const at::Tensor& truth) {
  at::Tensor kept = mask.to(at::kBool), clean = given == truth;
  auto count = [](const at::Tensor& flags) { return static_cast<double>(flags.sum().item<std::int64_t>()); };
  double selected = count(kept), right = count(kept.logical_and(clean)), all = count(clean);
  SelectionQuality quality;
  quality.precision = selected > 0 ? right / selected : 0;
  quality.recall = all > 0 ? right / all : 0;
  quality.f1 = f1_of(quality.precision, quality.recall);
  quality.kept = mask.numel() > 0 ? selected / static_cast<double>(mask.numel()) : 0;
  return quality;
}

SelectionQuality batch_mean_quality(const at::Tensor& mask, const at::Tensor& given, const at::Tensor& truth,
                                    const std::vector<at::Tensor>& batches, std::int64_t batch) {
  SelectionQuality total;
  for (const at::Tensor& ids : batches) {
    auto of = [&](const at::Tensor& all) { return all.index_select(0, ids); };
    SelectionQuality own = selection_quality(of(mask), of(given), of(truth));  // zero where nothing is selected
    total.precision += own.precision;
    total.recall += own.recall;
  }
  double divisor = static_cast<double>(mask.size(0) / batch + 1);
  total.precision /= divisor;
  total.recall /= divisor;
  return total;
}

}  // namespace winnow::train
