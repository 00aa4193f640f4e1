// Figures of a stage against the true labels.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/model/tower.h"

namespace winnow::train {

// Share of samples whose largest prediction ("prediction", else "logits") is the true label.
double accuracy(const model::Outputs& predictions, const at::Tensor& truth);

// Of predictions against candidate sets (N x C of zeros and ones), where true labels may not be known: the share of samples whose
// largest prediction is a candidate, and the mean probability that it has among the candidates, 0 where it is none. spec/pll.md 6.
double covering_rate(const model::Outputs& predictions, const at::Tensor& candidates);
double approximated_accuracy(const model::Outputs& predictions, const at::Tensor& candidates);

// How well a selected subset S finds the clean samples C = {given = true}: precision |S n C| / |S|, recall |S n C| / |C|,
// F1 = 2PR / (P + R); a zero denominator gives 0. spec/noisy-labels.md 5.
struct SelectionQuality {
  double precision = 0, recall = 0, f1 = 0;
  double kept = 0;                                // |S| / N
};
SelectionQuality selection_quality(const at::Tensor& mask, const at::Tensor& given, const at::Tensor& truth);
double f1_of(double precision, double recall);

}  // namespace winnow::train
