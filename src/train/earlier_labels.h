// What earlier stages say about labels: scores of a model, candidate sets that were narrowed, a selected subset.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>

#include "sample_scores.h"
#include "winnow/core/file.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct EarlierLabels {
  std::optional<SampleScores> scores;  // of a model
  at::Tensor samples, candidates;      // the same of candidate sets: N; N x C, u8
  at::Tensor selected_samples;         // N; undefined: no selection
  // Inputs of the method: "mask", "label", "score", N each, of pairs N x C and no label; "weight", N x C.
  std::map<std::string, at::Tensor> selection;
  std::string selected_by;  // the selection's run file, for messages

  // The inputs "scores", "labels" and "selection" of a stage, where it has them. DataError for a run file that holds
  // something else; UsageError for a selection that is empty: there would be nothing to train on.
  static EarlierLabels of(const Stage&, const Context&);
};

}  // namespace winnow::train
