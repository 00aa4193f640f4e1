// Stage kind `detect` by a rule on an earlier stage's scores: nothing is trained.
#include <ATen/ATen.h>

#include "executors.h"
#include "given_labels.h"
#include "open_images.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

Execution execute_selection(const Stage& stage, const Context& context, comm::Collective&, Observer&) {
  std::string name = stage.settings.text("method");
  require_version(stage, "method " + name, result_version_of_method(name));
  auto [opened, oracle] = open_images(stage, context, {.labels = true});
  ImageSource& source = *opened;
  at::Tensor logits = read_scores(context, "scores").of(source.samples("train"), source.classes()).rows.at("logits");
  method::Selected selected = method::find_method(name).select(logits, source.given());
  if (context.trial) selected.mask.fill_(1);
  // The score: how sure the model is of the given label.
  at::Tensor score = method::at_labels(at::softmax(logits, 1), source.given());

  Execution result;
  result.skipped_images = source.skipped();
  put_selection({selected.mask, score, selected.label}, {}, source, result.content);
  std::map<std::string, double> metrics;
  add_selection_metrics(selected.mask, source.given(), oracle, metrics);
  store::Table& last = result.content.tables["metrics/final"];
  for (const auto& [name, value] : metrics) last.push_back({name, std::vector<double>{value}});
  put_given(source, oracle, stage, result.content);
  return result;
}

}  // namespace winnow::train
