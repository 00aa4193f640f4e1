#include "winnow/train/evaluation.h"

#include <ATen/ATen.h>

#include <limits>

namespace winnow::train {

namespace {

const at::Tensor& scores_of(const model::Outputs& predictions) {
  return predictions.has("prediction") ? predictions.at("prediction") : predictions.at("logits");
}

// Of each row's largest score, N.
at::Tensor at_prediction(const at::Tensor& rows, const at::Tensor& scores) { return rows.gather(1, scores.argmax(1, /*keepdim=*/true)).squeeze(1).to(at::kDouble); }

}  // namespace

double accuracy(const model::Outputs& predictions, const at::Tensor& truth) {
  return (scores_of(predictions).argmax(1) == truth).to(at::kDouble).mean().item<double>();
}

double covering_rate(const model::Outputs& predictions, const at::Tensor& candidates) {
  return at_prediction(candidates, scores_of(predictions)).mean().item<double>();
}

double approximated_accuracy(const model::Outputs& predictions, const at::Tensor& candidates) {
  const at::Tensor& scores = scores_of(predictions);
  at::Tensor among = at::softmax(scores.to(at::kDouble).masked_fill(candidates == 0, -std::numeric_limits<double>::infinity()), 1);
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

}  // namespace winnow::train
