// Stage kind `train`: a method on a data set's labels, evaluated on the test split after every epoch.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>

#include "arrays.h"
#include "backbone.h"
#include "class_prompts.h"
#include "class_texts.h"
#include "classifier_options.h"
#include "curves.h"
#include "epoch_metrics.h"
#include "executors.h"
#include "given_labels.h"
#include "head_start.h"
#include "loop.h"
#include "method_inputs.h"
#include "open_images.h"
#include "preprocessing.h"
#include "real.h"
#include "replay_source.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "stage_seed.h"
#include "text_items.h"
#include "texts_source.h"
#include "trace.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/registry.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/toy.h"
#include "winnow/stage/result_version.h"
#include "winnow/text/tokenizer.h"
#include "winnow/view/pipeline.h"

namespace winnow::train {

namespace {

method::Facts facts_of(const Settings& settings, const Source& source, at::TensorOptions real) {
  return {&settings, source.epochs(), source.steps_per_epoch(), source.batch(), source.size("train"), source.classes(),
          real};
}

// A method's states mask, score and label are its selection; the label is the given one where it keeps none of its own.
SelectedSubset selection_of(Engine& engine, ImageSource& source) {
  auto last = [&](const char* state) { return engine.has_state(state) ? engine.state(state) : at::Tensor(); };
  at::Tensor label = last("label");
  return {last("mask"), last("score"), label.defined() ? label : source.given()};
}

void put_selection_of(Engine& engine, ImageSource& source, const std::string& name, bool trial,
                      store::RunContent& content) {
  if (!engine.has_state("mask"))
    throw UsageError(fmt::format("method {} selects nothing: it has no state 'mask'", name));
  at::Tensor masks = engine.states().at("mask");
  if (trial) engine.state("mask").fill_(1);
  SelectedSubset last = selection_of(engine, source);
  put_selection(last, masks.dim() > last.mask.dim() ? masks : at::Tensor(), source, content);
}

Execution execute_replay(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer,
                         method::Method& method, const std::string& name) {
  const Settings& settings = stage.settings;
  if (!context.replay) throw UsageError("data set replay: only golden cases bring one");
  at::TensorOptions real = real_of(settings, context);
  ReplaySource source(settings, *context.replay, real);
  auto architecture = model::toy(context.replay->tensors, context.replay->names, settings.real("scale"));
  method::Facts facts = facts_of(settings, source, real);
  facts.traced = true;
  facts.logit_scale = settings.real("scale");
  Engine engine(facts, source, *architecture, collective, context.chunk);
  Curves curves;
  Checkpoint checkpoint(stage, context, collective, observer);
  train_loop(method, name, engine, source, {collective, observer, checkpoint}, curves,
             [] { return std::map<std::string, double>(); });
  Execution result;
  put_trace(engine, result.trace);
  method::Outputs predictions = predict_all(method, engine, context.replay->predicted);
  for (auto& [output, tensor] : predictions.all()) result.trace.predictions[output] = tensor;
  return result;
}

}  // namespace

Execution execute_train(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  const Settings& settings = stage.settings;
  std::string name = settings.text("method");
  std::unique_ptr<method::Method> method = method::make_method(name);
  require_version(stage, "method " + name, result_version_of_method(name));
  if (settings.text("dataset") == "replay") return execute_replay(stage, context, collective, observer, *method, name);

  model::Snapshot snapshot = backbone_of(stage, context);
  Preprocessing preprocessing = Preprocessing::from(snapshot);
  if (reads_siglip_as_clip(settings)) preprocessing.normalisation = view::normalisation_named("clip");
  at::TensorOptions real = real_of(settings, context);
  auto [opened, oracle] = open_images(stage, context,
                                      {.normalisation = preprocessing.normalisation,
                                       .image_size = preprocessing.image_size,
                                       .real = real,
                                       .labels = settings.has("labels.kind") || stage.inputs.count("labels") != 0,
                                       .training = true,
                                       .views = StageViews::from(settings, own_view(snapshot, settings)),
                                       .inputs =
                                           [&](const at::Tensor& samples) {
                                             return method_inputs(stage, context, samples, classes_of(stage, context));
                                           },
                                       .earlier = EarlierLabels::of(stage, context)});
  ImageSource& source = *opened;

  Execution result;
  result.skipped_images = source.skipped();
  if (context.trial) result.trial.emplace();
  Trial* trial = result.trial ? &*result.trial : nullptr;
  model::ClassifierOptions options = classifier_options(settings, source.classes(), snapshot);
  options.dtype = real.dtype().toScalarType();
  if (learns_context(settings)) set_context(settings, snapshot, options);
  if (stage.inputs.count("prompts")) options.context_start = learned_context(context);
  if (std::string init = settings.text("head_init"); init == "class-mean" || init == "linear-probe")
    options.head_rows = head_rows_from_data(init, snapshot, options, source, context, collective, trial);
  else if (init == "detector") start_at_detector(input_file(context, "head"), accepted(context), snapshot, options);
  else if (init == "text")
    options.head_rows =
        model::text_head_rows(snapshot, options, class_texts(stage, snapshot, source.class_names()), real);
  auto architecture = model::classifier_architecture(snapshot, options);
  std::optional<ClassPrompts> prompts;
  if (learns_context(settings)) prompts.emplace(settings, snapshot, source.class_names());
  TextsSource inputs(
      source, [&](const at::Tensor& ids) { return prompts->rows(ids); }, {}, real.device());
  std::optional<TextItems> texts;
  if (auto own = source.labels().handed_over.find("text_classes"); own != source.labels().handed_over.end())
    texts.emplace(inputs, own->second, settings.integer("train.epochs"), settings.integer("steps"), real);
  Source& seen = texts ? static_cast<Source&>(*texts) : inputs;
  method::Facts facts = facts_of(settings, seen, real);
  if (model::has_texts(snapshot)) facts.logit_scale = model::logit_scale_of(snapshot);
  Engine engine(facts, seen, *architecture, collective, context.chunk);
  Checkpoint checkpoint(stage, context, collective, observer);

  Curves curves;
  EpochMetrics metrics(*method, engine, source, oracle, settings);
  train_loop(*method, name, engine, seen, {collective, observer, checkpoint, trial}, curves,
             [&] { return metrics.measure(); });
  result.image_wait = source.waited();
  put_trace(engine, result.trace);
  curves.put(result.content, engine.losses());
  metrics.put_classes(result.content);
  put_labels(source, oracle, stage, result.content);
  if (engine.has_state("mask") && !context.trial) {
    SelectedSubset last = selection_of(engine, source);
    say_without_sample({device::to_host(last.mask), {}, device::to_host(last.label)}, source, collective, observer);
  }
  if (stage.outputs.count(Output::selection)) put_selection_of(engine, source, name, context.trial, result.content);
  if (stage.outputs.count(Output::scores)) {
    if (context.trial) engine.sample_passes();
    put_scores(source.samples("train"), metrics.predict("scored"), result.content);
  }
  for (const auto& [output, tensor] : metrics.predictions().all()) {
    result.trace.predictions[output] = tensor;
    if (stage.outputs.count(Output::predictions)) result.content.arrays["predictions/" + output] = array_of(tensor);
  }
  if (stage.outputs.count(Output::predictions))
    result.content.arrays["predictions/samples"] = array_of(source.samples("test"));
  if (stage.outputs.count(Output::weights))
    for (const auto& [parameter, tensor] : engine.trained_parameters())
      result.content.arrays["weights/" + parameter] = array_of(tensor);
  return result;
}

}  // namespace winnow::train
