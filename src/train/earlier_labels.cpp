#include "earlier_labels.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "executors.h"
#include "winnow/core/error.h"

namespace winnow::train {

namespace {

at::Tensor need(const store::RunContent& content, const Path& file, const char* array, const char* what) {
  auto found = content.arrays.find(array);
  if (found == content.arrays.end()) throw DataError(fmt::format("{} holds no {}", file.string(), what));
  return tensor_of(found->second);
}

}  // namespace

EarlierLabels EarlierLabels::of(const Stage& stage, const Context& context) {
  EarlierLabels result;
  if (stage.inputs.count("scores")) {
    const Path& file = input_file(context, "scores");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    result.scored_samples = need(content, file, "scores/samples", "scores");
    result.scores = need(content, file, "scores/logits", "scores");
  }
  if (stage.inputs.count("labels")) {
    const Path& file = input_file(context, "labels");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    result.samples = need(content, file, "labels/samples", "candidate sets");
    result.candidates = need(content, file, "labels/candidates", "candidate sets");
  }
  return result;
}

}  // namespace winnow::train
