// What earlier stages say about labels: scores of a model, and candidate sets that were narrowed.
#pragma once

#include <ATen/core/Tensor.h>

#include "winnow/core/file.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct EarlierLabels {
  at::Tensor scored_samples, scores;              // N: the data set's indices; N x C logits. Undefined: there are none
  at::Tensor samples, candidates;                 // the same of candidate sets: N; N x C, u8

  // The inputs "scores" and "labels" of a stage, where it has them. DataError for a run file that holds something else.
  static EarlierLabels of(const Stage&, const Context&);
};

}  // namespace winnow::train
