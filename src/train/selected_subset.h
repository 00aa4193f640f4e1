// A selected subset on its way to later stages: selection/{mask,score,label} of a run file. How one is read:
// earlier_labels.h. docs/design.md#1 and #7.
#pragma once

#include <map>
#include <string>

#include "image_source.h"
#include "winnow/store/run_file.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {

struct SelectedSubset {
  at::Tensor mask, score, label;  // N: u8 or bool, real, int64; of pairs of sample and class N x C, and no label
  at::Tensor weight = {};         // N x C: of the candidates that each sample has instead of a label; or undefined
};

// Adds selection_{precision,recall,f1,kept} of a mask and the given labels; where the true ones are not known,
// selection_kept alone.
void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, const Oracle&,
                           std::map<std::string, double>& metrics);

// metrics/final of labels that a model gave (mask, label; -1 where there is none): selection_* as above and
// selection_empty_classes, those without a sample. Of pairs no recall.
void put_pseudo_labels(const SelectedSubset&, std::int64_t classes, const Oracle&, store::RunContent&);

// Writes the subset, and the dataset's indices of the samples that its rows belong to. `masks`: of every epoch (E x N),
// or undefined.
void put_selection(const SelectedSubset&, const at::Tensor& masks, ImageSource&, store::RunContent&);

}  // namespace winnow::train
