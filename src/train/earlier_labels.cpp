#include "earlier_labels.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "executors.h"
#include "winnow/core/error.h"

namespace winnow::train {

namespace {

void read_selection(const Path& file, store::Accept accept, EarlierLabels& result) {
  store::RunContent content = store::read_run_file(file, true, accept);
  auto need = [&](const std::string& name) { return tensor_in(content, file, name, name + ": it selects nothing"); };
  result.selected_by = file.string();
  result.selected_samples = need("selection/samples");
  result.selection["mask"] = need("selection/mask");
  if (result.selection.at("mask").dim() == 1) result.selection["label"] = need("selection/label");
  for (const char* name : {"score", "weight"})
    if (content.arrays.count(std::string("selection/") + name))
      result.selection[name] = need(std::string("selection/") + name);
  const at::Tensor& mask = result.selection.at("mask");
  if (mask.sum().item<std::int64_t>() == 0)
    throw UsageError(fmt::format("the selection in {} keeps none of {} samples: nothing is left to train on",
                                 result.selected_by, mask.numel()));
}

// What the method's own first run selected, which may be nothing: the second one trains on more than that.
void read_first_run(const Path& file, store::Accept accept, EarlierLabels& result) {
  store::RunContent content = store::read_run_file(file, true, accept);
  auto need = [&](const std::string& name) { return tensor_in(content, file, name, name + ": it selects nothing"); };
  result.selected_by = file.string();
  result.selected_samples = need("selection/samples");
  result.selection = {{"confident", need("selection/mask")}};
}

}  // namespace

EarlierLabels EarlierLabels::of(const Stage& stage, const Context& context) {
  EarlierLabels result;
  if (stage.inputs.count("scores")) result.scores = read_scores(context, "scores");
  if (stage.inputs.count("labels")) {
    const Path& file = input_file(context, "labels");
    store::RunContent content = store::read_run_file(file, true, accepted(context));
    result.samples = tensor_in(content, file, "labels/samples", "candidate sets");
    result.candidates = tensor_in(content, file, "labels/candidates", "candidate sets");
  }
  if (stage.inputs.count("selection")) read_selection(input_file(context, "selection"), accepted(context), result);
  if (stage.inputs.count("confident")) read_first_run(input_file(context, "confident"), accepted(context), result);
  return result;
}

}  // namespace winnow::train
