#include "trained_scores.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>

#include "arrays.h"
#include "executors.h"
#include "loop.h"
#include "method_inputs.h"
#include "open_images.h"
#include "score_execution.h"
#include "stage_classifier.h"
#include "stage_method.h"
#include "stage_model.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/normalise.h"

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
  StageModel model = StageModel::of(stage, context);
  auto [opened, oracle] = open_images(stage, context, model.images(StageViews::from(settings)));
  ImageSource& source = *opened;
  StageClassifier classifier(stage, context, model, source, collective, /*trial=*/nullptr);
  StageMethod method(settings.text("method"), StageMethod::of(settings, model), classifier.seen(),
                     classifier.architecture(), context, collective);
  method.set_up();
  Engine& engine = method.engine();
  load_trained(engine, input_file(context, "trained"), accepted(context));

  if (context.trial) engine.sample_passes();
  auto start = std::chrono::steady_clock::now();
  Execution result = score_execution(predict_all(method.method(), engine, "scored").at("logits"), source, oracle);
  auto all = method::Ids::range(0, source.classes(), context.device);
  result.features_read = model.features_read();
  at::Tensor texts = engine.forward("prompts", std::string(), all, /*grad=*/false, "train").features();
  put_class_texts(device::to_host(model::normalise_rows(texts)), result.content);
  if (context.trial) {
    double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.trial = Trial{.once = engine.take_sampled_rows().whole(spent), .spent = spent};
  }
  return result;
}

}  // namespace winnow::train
