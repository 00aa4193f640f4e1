#include "stage_classifier.h"

#include <utility>

#include "class_texts.h"
#include "classifier_options.h"
#include "executors.h"
#include "head_start.h"
#include "method_inputs.h"

namespace winnow::train {

StageClassifier::StageClassifier(const Stage& stage, const Context& context, const StageModel& model,
                                 ImageSource& images, comm::Collective& collective, Trial* trial)
    : StageClassifier(model, images) {
  const Settings& settings = stage.settings;
  options_ = classifier_options(settings, images.classes(), model.snapshot);
  options_.device = model.real.device();
  options_.dtype = model.real.dtype().toScalarType();
  if (learns_context(settings)) set_context(settings, model.snapshot, options_);
  if (stage.inputs.count("prompts")) options_.context_start = learned_context(context);
  if (stage.inputs.count("visual_prompts")) options_.visual_prompts = learned_visual_prompts(context);
  if (settings.has("head_init")) start_head(stage, context, collective, trial);
  build(settings);
}

StageClassifier StageClassifier::of_texts(const Stage& stage, const StageModel& model, ImageSource& images) {
  StageClassifier result(model, images);
  model::ClassifierOptions& options = result.options_;
  options.adapt = "linear-probe";
  options.adaptation.classes = images.classes();
  options.scale = model::logit_scale_of(model.snapshot);
  options.head_rows = model::text_head_rows(model.snapshot, options,
                                            class_texts(stage, model.snapshot, images.class_names()), model.real);
  result.build(stage.settings);
  return result;
}

void StageClassifier::start_head(const Stage& stage, const Context& context, comm::Collective& collective,
                                 Trial* trial) {
  const model::Snapshot& snapshot = model_.snapshot;
  std::string init = stage.settings.text("head_init");
  if (init == "class-mean" || init == "linear-probe")
    options_.head_rows =
        head_rows_from_data(init, snapshot, options_, images_, context, collective, trial, model_.kept_features.get());
  else if (init == "detector") start_at_detector(input_file(context, "head"), accepted(context), snapshot, options_);
  else if (init == "prompts") {
    if (!stage.inputs.count("head_texts"))
      throw UsageError(
          "head_init = prompts: no first phase hands on what its prompt made of the classes; coft and "
          "coft-plus have one");
    options_.head_rows =
        model::learned_text_rows(snapshot, options_, learned_texts(context, images_.classes()).to(options_.dtype));
  } else if (init == "text")
    options_.head_rows =
        model::text_head_rows(snapshot, options_, class_texts(stage, snapshot, images_.class_names()), model_.real);
}

void StageClassifier::build(const Settings& settings) {
  architecture_ = model::classifier_architecture(model_.snapshot, options_);
  if (learns_context(settings))
    prompts_ = std::make_shared<const ClassPrompts>(settings, model_.snapshot, images_.class_names());
  TextsSource::Prompts rows;
  if (prompts_) rows = [prompts = prompts_](const at::Tensor& ids) { return prompts->rows(ids); };
  inputs_ = std::make_unique<TextsSource>(images_, std::move(rows), TextsSource::Captions(), model_.real.device());
  const auto& handed_over = images_.labels().handed_over;
  if (auto own = handed_over.find("text_classes"); own != handed_over.end())
    items_ = std::make_unique<TextItems>(*inputs_, own->second, settings.integer("train.epochs"),
                                         settings.integer("steps"), model_.real);
}

}  // namespace winnow::train
