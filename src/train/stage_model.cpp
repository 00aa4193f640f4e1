#include "stage_model.h"

#include <fmt/format.h>

#include <utility>

#include "backbone.h"
#include "classifier_options.h"
#include "real.h"
#include "winnow/core/folder.h"
#include "winnow/view/pipeline.h"

namespace winnow::train {

StageModel::StageModel(model::Snapshot weights, const Settings& settings, const Context& context)
    : snapshot(std::move(weights)), preprocessing(Preprocessing::from(snapshot)),
      real(settings.has("train.precision") ? real_of(settings, context) : real_of(context)) {
  if (context.keep_features > 0 && !context.trial)
    kept_features = std::make_shared<KeptFeatures>(
        cache_folder() / "features", context.keep_features,
        fmt::format("{}, chunks of {}", settings.has("train.precision") ? settings.text("train.precision") : "fp32",
                    context.chunk),
        real);
  if (reads_siglip_as_clip(settings)) preprocessing.normalisation = view::normalisation_named("clip");
}

StageModel StageModel::of(const Stage& stage, const Context& context) {
  return {backbone_of(stage, context), stage.settings, context};
}

ImageOptions StageModel::images(std::optional<StageViews> views) const {
  if (views && views->show_models_own()) views->own = own_view(snapshot);
  ImageOptions options;
  options.normalisation = preprocessing.normalisation;
  options.image_size = preprocessing.image_size;
  options.real = real;
  options.views = std::move(views);
  return options;
}

std::unique_ptr<model::ImageTower> StageModel::image_tower(model::FeatureKind feature) const {
  auto tower = model::image_tower(snapshot, {at::kFloat, feature});
  tower->weights().to(real.device());
  return tower;
}

std::unique_ptr<model::TextTower> StageModel::text_tower() const {
  auto tower = model::text_tower(snapshot, at::kFloat);
  tower->weights().to(real.device());
  return tower;
}

}  // namespace winnow::train
