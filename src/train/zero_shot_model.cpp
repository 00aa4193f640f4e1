#include "zero_shot_model.h"

#include "class_texts.h"
#include "executors.h"
#include "preprocessing.h"
#include "real.h"
#include "winnow/method/of_stage_kinds.h"
#include "winnow/method/registry.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {

ZeroShotModel::ZeroShotModel(const Stage& stage, const Context& context, comm::Collective& collective) {
  model::Snapshot snapshot = snapshot_at(input_file(context, "backbone"), accepted(context));
  Preprocessing preprocessing = Preprocessing::from(snapshot);
  at::TensorOptions real = real_of(context);
  ImageOptions images;
  images.normalisation = preprocessing.normalisation;
  images.image_size = preprocessing.image_size;
  images.real = real;
  if (stage.settings.has("views.test"))
    images.views = StageViews::from(
        stage.settings, stage.settings.text("views.test") == "model" ? own_view(snapshot) : std::vector<view::Step>());
  opened_ = open_images(stage, context, std::move(images));

  model::ClassifierOptions options;
  options.adapt = "linear-probe";
  options.adaptation.classes = source().classes();
  options.scale = model::logit_scale_of(snapshot);
  options.head_rows = class_texts_ =
      model::text_head_rows(snapshot, options, train::class_texts(stage, snapshot, source().class_names()), real);
  architecture_ = model::classifier_architecture(snapshot, options);
  method::Facts facts{&stage.settings, 0, 0, 1, source().size("train"), source().classes(), real};
  engine_ = std::make_unique<Engine>(facts, source(), *architecture_, collective, context.chunk);
  method_ = method::make_method(method::kOfFixedModels);
  engine_->set_up(*method_);
}

}  // namespace winnow::train
