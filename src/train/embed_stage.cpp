// Stage kind `embed`: features of the training samples by a fixed model, averaged over several draws of a view; with
// `embed_splits = all` those of the other splits as they are, too. In the space of texts where the model has one.
// docs/methods/unsupervised.md#6.6.
#include <ATen/ATen.h>

#include "executors.h"
#include "features_of_all.h"
#include "method_inputs.h"
#include "open_images.h"
#include "stage_model.h"
#include "stage_seed.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

Execution execute_embed(const Stage& stage, const Context& context, comm::Collective& collective, Observer&) {
  require_version(stage, "embed", result_version(StageKind::embed));
  StageModel model = StageModel::of(stage, context);
  auto tower = model.image_tower(model::FeatureKind::embedding);
  StageViews views;
  views.training["weak"] = stage.settings.text("views.weak");
  ImageOptions images = model.images(std::move(views));
  images.seed = stage_seed(stage.settings);
  auto [opened, oracle] = open_images(stage, context, std::move(images));
  ImageSource& source = *opened;

  Execution result;
  if (context.trial) result.trial.emplace();
  auto features = [&](const char* split, const char* drawn, std::int64_t epoch) {
    return features_of_all(*tower, source, split, drawn, epoch, collective, context.chunk,
                           result.trial ? &*result.trial : nullptr, model.kept_features.get());
  };
  std::int64_t epochs = stage.settings.integer("embed_epochs");
  at::Tensor sum;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    at::Tensor own = features("train", "weak", epoch);
    sum = sum.defined() ? sum + own : own;
  }
  put_features(source.samples("train"), (sum / static_cast<double>(epochs)).to(at::kFloat), result.content);
  if (stage.settings.has("embed_splits"))
    for (const char* split : {"validation", "test"})
      if (source.size(split) > 0) put_features_of(split, features(split, "plain", 0).to(at::kFloat), result.content);
  result.skipped_images = source.skipped();
  result.image_wait = source.waited();
  result.features_read = model.features_read();
  result.content.tables["metrics/final"] = {{"samples", std::vector<std::int64_t>{source.size("train")}}};
  return result;
}

}  // namespace winnow::train
