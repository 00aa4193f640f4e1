// What a stage is told of its samples: the labels that a method may see. The second part of a stage's line. From
// settings labels.* and what earlier stages say; the true labels of the training set are used here to make synthetic
// ones, and go no further.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "earlier_labels.h"
#include "oracle.h"
#include "samples.h"
#include "winnow/data/pixels.h"
#include "winnow/stage/stage.h"

namespace winnow::train {

// All on the host. N training samples, V of the validation split, C classes.
struct LearnerLabels {
  at::Tensor given;                  // N, int64, in 0..C-1; undefined: candidate sets
  at::Tensor candidates;             // N x C, zeros and ones; a given label is a set of one
  at::Tensor validation_given;       // V: what annotators gave; undefined where labels are synthetic
  at::Tensor validation_candidates;  // V x C, u8: the same
  at::Tensor validation_labelled;    // V: true labels, where the stage is told them (validation_labelled)
  // Inputs of the method, from earlier stages: "mask", "label", "score" of a selection, N rows each, and others.
  std::map<std::string, at::Tensor> handed_over;
  // What batches are made of, where it is not every sample once: M samples (rows of the training set), and the label of
  // each. Undefined: every sample.
  at::Tensor items, item_labels;
};

// Without labels.* among the settings that the stage uses (`read` false) nothing is told but a selection, whose labels
// are the given ones. With the setting train.batches = selected batches are made of what it keeps, alone. Where
// annotators' labels are the only ones there are, the oracle forgets: they are not the truth. DataError for labels of
// another data set, or that are no classes, and for an earlier stage that speaks of other samples; UsageError for
// settings.
LearnerLabels learner_labels(const Stage&, bool read, const data::Pixels&, Samples&, const EarlierLabels&, Oracle&);

}  // namespace winnow::train
