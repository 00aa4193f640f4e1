// Stage kind `evaluate`: a fixed model on the test split. docs/methods/unsupervised.md#2.
#include "arrays.h"
#include "epoch_metrics.h"
#include "executors.h"
#include "winnow/stage/result_version.h"
#include "zero_shot_model.h"

namespace winnow::train {

Execution execute_evaluate(const Stage& stage, const Context& context, comm::Collective& collective, Observer&) {
  require_version(stage, "evaluate", result_version(StageKind::evaluate));
  ZeroShotModel model(stage, context, collective);
  EpochMetrics metrics(model.method(), model.engine(), model.source(), model.oracle(), stage.settings);

  Execution result;
  store::Table& last = result.content.tables["metrics/final"];
  for (const auto& [name, value] : metrics.measure()) last.push_back({name, std::vector<double>{value}});
  metrics.put_classes(result.content);
  result.skipped_images = model.source().skipped();
  result.image_wait = model.source().waited();
  result.features_read = model.features_read();
  bool keeps = stage.outputs.count(Output::predictions) != 0;
  for (const auto& [name, tensor] : metrics.predictions().all()) {
    result.trace.predictions[name] = tensor;
    if (keeps) result.content.arrays["predictions/" + name] = array_of(tensor);
  }
  if (keeps) result.content.arrays["predictions/samples"] = array_of(model.source().samples("test"));
  return result;
}

}  // namespace winnow::train
