// Images whose true labels a stage without labels is told all the same: the setting labelled_shots, so many training
// samples of each class. docs/methods/unsupervised.md#5 (semi-supervised).
#pragma once

#include <ATen/core/Tensor.h>

#include "image_source.h"
#include "oracle.h"
#include "winnow/stage/stage.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

// On the host; all undefined where the setting is not there.
struct LabelledShots {
  at::Tensor ids, label;  // n of each class: rows of the training set and their true labels, int64
  at::Tensor unlabelled;  // N, bool: the others

  // Drawn by data.seed, as data.shots of these samples are, or those of the stage's list. UsageError for a class of
  // fewer samples, and where the true labels are not known.
  static LabelledShots of(const Stage&, const ImageSource&, const Oracle&);
};

// Notes which images they are (store/labelled_samples.h); nothing where there are none.
void put_labelled(const LabelledShots&, const ImageSource&, store::RunContent&);

}  // namespace winnow::train
