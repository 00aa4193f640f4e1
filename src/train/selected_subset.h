// A selected subset on its way to later stages: selection/{mask,score,label} of a run file. How one is read:
// earlier_labels.h. docs/design.md#1 and #7.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "image_source.h"
#include "winnow/store/run_file.h"
#include "winnow/train/evaluation.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct SelectedSubset {
  at::Tensor mask, score, label;  // N: u8 or bool, real, int64; of pairs of sample and class N x C, and no label
  at::Tensor weight = {};         // N x C: of the candidates that each sample has instead of a label; or undefined
};

// Of C classes, those of which a mask (N) keeps no sample with that label (N, int64): a flag each. A class that no
// label names is one of them: nothing is learned of it, either.
at::Tensor empty_classes(const at::Tensor& mask, const at::Tensor& label, std::int64_t classes);

// "2 of 10 classes have no selected sample: 'Coat', 'Shirt'", or that the selection keeps nothing at all; empty where
// every class has one. Pairs of sample and class count by their class.
std::string without_sample(const SelectedSubset&, const std::vector<std::string>& class_names);

// Adds selection_{precision,recall,f1,kept,empty_classes} of a mask and the given labels; where the true ones are not
// known, selection_kept and selection_empty_classes alone.
void add_selection_metrics(const at::Tensor& mask, const at::Tensor& given, std::int64_t classes, const Oracle&,
                           std::map<std::string, double>& metrics);

// metrics/final of labels that a model gave (mask, label; -1 where there is none): selection_* as above. Of pairs no
// recall.
void put_pseudo_labels(const SelectedSubset&, std::int64_t classes, const Oracle&, store::RunContent&);

// A note for the person who watches, where without_sample has something to say. Process 0 of a gang speaks.
void say_without_sample(const SelectedSubset&, const ImageSource&, comm::Collective&, Observer&);

// Writes the subset, and the dataset's indices of the samples that its rows belong to. `masks`: of every epoch (E x N),
// or undefined.
void put_selection(const SelectedSubset&, const at::Tensor& masks, ImageSource&, store::RunContent&);

}  // namespace winnow::train
