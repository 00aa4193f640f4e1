// A selected subset on its way between stages: selection/{mask,score,label} of a run file. docs/design.md#1 and #7.
#pragma once

#include <map>
#include <string>

#include "image_source.h"
#include "winnow/store/run_file.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {

struct SelectedSubset {
  at::Tensor mask, score, label;                  // N: u8, real, int64
};

// Adds selection_{precision,recall,f1,kept} of a mask and the given labels; where nobody knows the true ones, selection_kept alone.
void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, const Oracle&, std::map<std::string, double>& metrics);

// Writes the subset, and the dataset's indices of the samples that its rows belong to. `masks`: of every epoch (E x N), or
// undefined.
void put_selection(const SelectedSubset&, const at::Tensor& masks, ImageSource&, store::RunContent&);

// What an earlier stage selected, for `source`: "mask", "score" and "label" as inputs of the method. DataError when the file
// holds no selection or one of other samples; UsageError when it is empty: there would be nothing to train on.
std::map<std::string, at::Tensor> read_selection(const Path& run_file, ImageSource&, store::Accept = store::Accept::results);

}  // namespace winnow::train
