// Stage kind `embed` of texts: normalised features of all texts of the classes, by a fixed model.
// docs/methods/unsupervised.md#6.3.
#include <ATen/ATen.h>

#include "class_texts.h"
#include "executors.h"
#include "method_inputs.h"
#include "open_images.h"
#include "stage_model.h"
#include "winnow/device/transfer.h"
#include "winnow/model/normalise.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

Execution execute_text_features(const Stage& stage, const Context& context, comm::Collective&, Observer&) {
  require_version(stage, "embed", result_version(StageKind::embed));
  StageModel model = StageModel::of(stage, context);
  auto tower = model.text_tower();
  auto [source, oracle] = open_images(stage, context, {});  // for the names of its classes
  model::TextFeatures texts = model::text_features(*tower, class_texts(stage, model.snapshot, source->class_names()));

  Execution result;
  result.skipped_images = source->skipped();
  texts.rows = device::to_host(texts.rows);
  put_text_features(texts, result.content);
  at::Tensor sums = at::zeros({source->classes(), texts.rows.size(1)}, texts.rows.options());
  put_class_texts(model::normalise_rows(sums.index_add(0, texts.classes, texts.rows)), result.content);
  result.content.tables["metrics/final"] = {{"texts", std::vector<std::int64_t>{texts.classes.size(0)}}};
  return result;
}

}  // namespace winnow::train
