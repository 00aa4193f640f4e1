#include "earlier_labels.h"

#include <ATen/ATen.h>

#include "arrays.h"
#include "executors.h"

namespace winnow::train {

EarlierLabels EarlierLabels::of(const Stage& stage, const Context& context) {
  EarlierLabels result;
  if (stage.inputs.count("scores")) {
    const Path& file = input_file(context, "scores");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    result.scored_samples = tensor_in(content, file, "scores/samples", "scores");
    result.scores = tensor_in(content, file, "scores/logits", "scores");
  }
  if (stage.inputs.count("labels")) {
    const Path& file = input_file(context, "labels");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    result.samples = tensor_in(content, file, "labels/samples", "candidate sets");
    result.candidates = tensor_in(content, file, "labels/candidates", "candidate sets");
  }
  return result;
}

}  // namespace winnow::train
