#include "winnow/train/evaluation.h"

#include <ATen/ATen.h>

namespace winnow::train {

double accuracy(const model::Outputs& predictions, const at::Tensor& truth) {
  const at::Tensor& scores = predictions.has("prediction") ? predictions.at("prediction") : predictions.at("logits");
  return (scores.argmax(1) == truth).to(at::kDouble).mean().item<double>();
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

}  // namespace winnow::train
