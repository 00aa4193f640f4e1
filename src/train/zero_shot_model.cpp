#include "zero_shot_model.h"

#include "winnow/method/of_stage_kinds.h"

namespace winnow::train {

ZeroShotModel::ZeroShotModel(const Stage& stage, const Context& context, comm::Collective& collective)
    : model_(StageModel::of(stage, context)),
      opened_(
          open_images(stage, context,
                      model_.images(stage.settings.has("views.test") ? std::optional(StageViews::from(stage.settings))
                                                                     : std::nullopt))),
      classifier_(StageClassifier::of_texts(stage, model_, source())),
      method_(method::kOfFixedModels, StageMethod::of(stage.settings, model_), classifier_.seen(),
              classifier_.architecture(), context, collective) {
  method_.set_up();
}

}  // namespace winnow::train
