// Figures of a stage against the true labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "winnow/model/tower.h"

namespace winnow::train {

// Share of samples whose largest prediction ("prediction", else "logits") is the true label.
double accuracy(const model::Outputs& predictions, const at::Tensor& truth);

// The predicted classes (int64, one a sample); the lowest of several largest.
at::Tensor predicted_classes(const model::Outputs& predictions);

// Accuracy by class. Classes without a sample in `truth` count nowhere. docs/methods/partial-labels.md#6.
struct ClassAccuracy {
  at::Tensor of_class;  // C, fp64; NaN where the class has no sample
  double mean = 0, worst = 0;
  double harmonic = 0;  // mean of classes; those below 0.001 % count as that
  double geometric = 0;
  double f1_macro = 0;  // mean over classes of 2 TP / (2 TP + FP + FN)
};
ClassAccuracy class_accuracy(const at::Tensor& predicted, const at::Tensor& truth, std::int64_t classes);

// accuracy_many, accuracy_medium, accuracy_few: mean class accuracy over classes with more than 100, 20 to 100, fewer
// than 20 training samples (`counts`: C). Only groups that exist, and none where all classes are of one.
std::map<std::string, double> accuracy_by_shots(const at::Tensor& of_class, const at::Tensor& counts);

// Of predictions against candidate sets (N x C of zeros and ones), where true labels may not be known: the share of
// samples whose largest prediction is a candidate, and the mean probability that it has among the candidates, 0 where
// it is none. docs/methods/partial-labels.md#6.
double covering_rate(const model::Outputs& predictions, const at::Tensor& candidates);
double approximated_accuracy(const model::Outputs& predictions, const at::Tensor& candidates);

// How well a selected subset S finds the clean samples C = {given = true}: precision |S n C| / |S|, recall |S n C| /
// |C|, F1 = 2PR / (P + R); a zero denominator gives 0. docs/methods/noisy-labels.md#5.
struct SelectionQuality {
  double precision = 0, recall = 0, f1 = 0;
  double kept = 0;  // |S| / N
};
SelectionQuality selection_quality(const at::Tensor& mask, const at::Tensor& given, const at::Tensor& truth);
double f1_of(double precision, double recall);
// As DeFT's code averages it: precision and recall of batches that select something are summed and divided by floor(N /
// B) + 1 (docs/methods/noisy-labels.md#5, B20). batches: ids of each batch; B: `batch`. f1 and kept stay 0.
SelectionQuality batch_mean_quality(const at::Tensor& mask, const at::Tensor& given, const at::Tensor& truth,
                                    const std::vector<at::Tensor>& batches, std::int64_t batch);

}  // namespace winnow::train
