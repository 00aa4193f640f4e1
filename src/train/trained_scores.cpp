#include "trained_scores.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>

#include "arrays.h"
#include "class_prompts.h"
#include "classifier_options.h"
#include "executors.h"
#include "loop.h"
#include "method_inputs.h"
#include "open_images.h"
#include "preprocessing.h"
#include "real.h"
#include "score_execution.h"
#include "texts_source.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/registry.h"
#include "winnow/model/normalise.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {

namespace {

// Of the engine's weights those that an optimiser has; the rest are the backbone's.
void load_trained(Engine& engine, const Path& file, store::Accept accept) {
  store::RunContent content = store::read_run_file(file, true, accept);
  for (auto& [name, value] : engine.trained_parameters()) {
    at::Tensor own = tensor_in(content, file, "weights/" + name, "trained weights");
    if (own.sizes() != value.sizes())
      throw DataError(fmt::format("{}: '{}' has another shape than in this stage", file.string(), name));
    value.copy_(own);
  }
}

// A method declares optimisers, which say what is trained. Here none takes a step.
Settings with_optimiser(Settings settings) {
  settings.set("train.optimizer", "sgd");
  for (const char* number : {"train.weight_decay", "train.momentum"}) settings.set(number, 0.0);
  settings.set("train.nesterov", false);
  return settings;
}

}  // namespace

Execution trained_scores(const Stage& stage, const Context& context, comm::Collective& collective) {
  const Settings settings = with_optimiser(stage.settings);
  model::Snapshot snapshot = snapshot_at(input_file(context, "backbone"), accepted(context));
  Preprocessing preprocessing = Preprocessing::from(snapshot);
  at::TensorOptions real = real_of(settings, context);
  ImageOptions images{
      .normalisation = preprocessing.normalisation, .image_size = preprocessing.image_size, .real = real};
  images.views = StageViews::from(
      settings, settings.text("views.test") == "model" ? own_view(snapshot) : std::vector<view::Step>());
  auto [opened, oracle] = open_images(stage, context, std::move(images));
  ImageSource& source = *opened;

  model::ClassifierOptions options = classifier_options(settings, source.classes(), snapshot);
  options.dtype = real.dtype().toScalarType();
  set_context(settings, snapshot, options);
  auto architecture = model::classifier_architecture(snapshot, options);
  ClassPrompts prompts(settings, snapshot, source.class_names());
  TextsSource inputs(
      source, [&](const at::Tensor& ids) { return prompts.rows(ids); }, {}, real.device());
  method::Facts facts{&settings, 0, 0, 1, source.size("train"), source.classes(), real};
  facts.logit_scale = model::logit_scale_of(snapshot);
  Engine engine(facts, inputs, *architecture, collective, context.chunk);
  std::unique_ptr<method::Method> method = method::make_method(settings.text("method"));
  engine.set_up(*method);
  load_trained(engine, input_file(context, "trained"), accepted(context));

  if (context.trial) engine.sample_passes();
  auto start = std::chrono::steady_clock::now();
  Execution result = score_execution(predict_all(*method, engine, "scored").at("logits"), source, oracle);
  auto all = method::Ids::range(0, source.classes(), real.device());
  at::Tensor texts = engine.forward("prompts", std::string(), all, /*grad=*/false, "train").features();
  put_class_texts(device::to_host(model::normalise_rows(texts)), result.content);
  if (context.trial) {
    double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.trial = Trial{.once = engine.take_sampled_rows().whole(spent), .spent = spent};
  }
  return result;
}

}  // namespace winnow::train
