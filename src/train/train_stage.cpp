// Stage kind `train`: a method on a data set's labels, evaluated on the test split after every epoch.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "curves.h"
#include "epoch_metrics.h"
#include "executors.h"
#include "given_labels.h"
#include "loop.h"
#include "method_inputs.h"
#include "open_images.h"
#include "real.h"
#include "replay_source.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "stage_classifier.h"
#include "stage_method.h"
#include "stage_model.h"
#include "trace.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/normalise.h"
#include "winnow/model/toy.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

namespace {

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

// What the classes are to the stage's first learned prompt, the positive one of two: C x p, normalised.
at::Tensor learned_class_texts(Engine& engine, const ImageSource& source) {
  method::Ids classes = method::Ids::range(0, source.classes(), engine.facts().real.device());
  return device::to_host(
      model::normalise_rows(engine.forward("prompts", "", classes, /*grad=*/false, "train").features()));
}

Execution execute_replay(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  const Settings& settings = stage.settings;
  if (!context.replay) throw UsageError("data set replay: only golden cases bring one");
  at::TensorOptions real = real_of(settings, context);
  ReplaySource source(settings, *context.replay, real);
  auto architecture = model::toy(context.replay->tensors, context.replay->names, settings.real("scale"));
  StageMethod method(settings.text("method"), {&settings, real, settings.real("scale"), /*traced=*/true}, source,
                     *architecture, context, collective);
  Curves curves;
  Checkpoint checkpoint(stage, context, collective, observer);
  train_loop(method.method(), method.name(), method.engine(), source, {collective, observer, checkpoint}, curves,
             [] { return std::map<std::string, double>(); });
  Execution result;
  put_trace(method.engine(), result.trace);
  method::Outputs predictions = predict_all(method.method(), method.engine(), context.replay->predicted);
  for (auto& [output, tensor] : predictions.all()) result.trace.predictions[output] = tensor;
  return result;
}

}  // namespace

Execution execute_train(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  const Settings& settings = stage.settings;
  std::string name = settings.text("method");
  require_version(stage, "method " + name, result_version_of_method(name));
  if (settings.text("dataset") == "replay") return execute_replay(stage, context, collective, observer);

  StageModel model = StageModel::of(stage, context);
  ImageOptions wanted = model.images(StageViews::from(settings));
  wanted.labels = settings.has("labels.kind") || stage.inputs.count("labels") != 0;
  wanted.training = true;
  wanted.inputs = [&](const at::Tensor& samples) {
    return method_inputs(stage, context, samples, classes_of(stage, context));
  };
  wanted.earlier = EarlierLabels::of(stage, context);
  auto [opened, oracle] = open_images(stage, context, std::move(wanted));
  ImageSource& source = *opened;

  Execution result;
  result.skipped_images = source.skipped();
  if (context.trial) result.trial.emplace();
  Trial* trial = result.trial ? &*result.trial : nullptr;
  StageClassifier classifier(stage, context, model, source, collective, trial);
  StageMethod method(name, StageMethod::of(settings, model), classifier.seen(), classifier.architecture(), context,
                     collective);
  Engine& engine = method.engine();
  Checkpoint checkpoint(stage, context, collective, observer);

  Curves curves;
  EpochMetrics metrics(method.method(), engine, source, oracle, settings);
  train_loop(method.method(), name, engine, classifier.seen(), {collective, observer, checkpoint, trial}, curves,
             [&] { return metrics.measure(); });
  result.image_wait = source.waited();
  result.features_read = model.features_read();
  result.earlier_chunks = checkpoint.earlier_chunks();
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
  if (stage.outputs.count(Output::features)) put_class_texts(learned_class_texts(engine, source), result.content);
  if (stage.outputs.count(Output::predictions))
    result.content.arrays["predictions/samples"] = array_of(source.samples("test"));
  if (stage.outputs.count(Output::weights))
    for (const auto& [parameter, tensor] : engine.trained_parameters())
      result.content.arrays["weights/" + parameter] = array_of(tensor);
  return result;
}

}  // namespace winnow::train
