// Scores of the training samples on their way to later stages: scores/{samples,NAME} of a run file.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "winnow/model/outputs.h"
#include "winnow/train/execute.h"

namespace winnow::train {

struct SampleScores {
  at::Tensor samples;                      // N, int64: the data set's indices
  std::map<std::string, at::Tensor> rows;  // N x C each, on the host; "logits" is always there
  Path file;                               // for messages

  // DataError where they are of other samples or classes.
  const SampleScores& of(const at::Tensor& samples, std::int64_t classes) const;
};

// Of the stage's input of this name. DataError for a run file without scores.
SampleScores read_scores(const Context&, const std::string& input);
// The same of the scores that classes are selected by, where they lie in the file: "logits" is a read-only mapping.
SampleScores map_scores(const Context&, const std::string& input);
void put_scores(const at::Tensor& samples, const model::Outputs&, store::RunContent&);

}  // namespace winnow::train
