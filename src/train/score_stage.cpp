// Stage kind `score`: logits of a fixed model for the training samples. Here zero-shot: scale times the cosine of the
// image's feature and the class prompt's, with the model's own scale; a model's own classifier; or those that another
// program computed (winnow data scores).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>

#include "classifier_scores.h"
#include "executors.h"
#include "loop.h"
#include "method_inputs.h"
#include "open_images.h"
#include "score_execution.h"
#include "trained_scores.h"
#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"
#include "winnow/data/scores.h"
#include "winnow/stage/result_version.h"
#include "zero_shot_model.h"

namespace winnow::train {

namespace {

// The rows of a recorded array that this stage's samples have.
Execution recorded_scores(const Stage& stage, const Context& context, const std::string& fingerprint) {
  auto [opened, oracle] = open_images(stage, context, {});
  const ImageSource& source = *opened;
  Path path = data::scores_path(fingerprint);
  if (!std::filesystem::exists(path))
    throw DataError(
        fmt::format("scores of fingerprint {} are not on this machine: run winnow data scores here", fingerprint));
  SafeTensors file(path);
  const SafeTensor& array = file.at("scores");
  if (auto found = file.metadata().find("dataset");
      found == file.metadata().end() || found->second != stage.fingerprints.at("data"))
    throw DataError(
        fmt::format("{}: these scores are of another data set than {}", path.string(), stage.settings.text("dataset")));
  at::Tensor all =
      at::from_blob(const_cast<std::byte*>(array.bytes.data()), array.shape, at::TensorOptions(at::kDouble));
  return score_execution(all.index_select(0, source.samples("train")), source, oracle);
}

}  // namespace

Execution execute_score(const Stage& stage, const Context& context, comm::Collective& collective, Observer&) {
  require_version(stage, "score", result_version(StageKind::score));
  if (auto recorded = stage.fingerprints.find("scores"); recorded != stage.fingerprints.end())
    return recorded_scores(stage, context, recorded->second);
  if (stage.inputs.count("trained")) return trained_scores(stage, context, collective);
  if (stage.settings.has("scorer")) return classifier_scores(stage, context, collective);
  ZeroShotModel model(stage, context, collective);
  std::string split = stage.settings.has("views.test") ? "scored" : "train";
  if (context.trial) model.engine().sample_passes();
  auto start = std::chrono::steady_clock::now();
  Execution result =
      score_execution(predict_all(model.method(), model.engine(), split).at("logits"), model.source(), model.oracle());
  result.features_read = model.features_read();
  if (stage.outputs.count(Output::features)) put_class_texts(model.class_texts(), result.content);
  if (context.trial) {
    double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.trial = Trial{.once = model.engine().take_sampled_rows().whole(spent), .spent = spent};
  }
  return result;
}

}  // namespace winnow::train
