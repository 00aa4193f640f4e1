#include "classifier_scores.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "backbone.h"
#include "executors.h"
#include "open_images.h"
#include "row_chunks.h"
#include "score_execution.h"
#include "stage_model.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/chunks.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {

namespace {

at::Tensor logits_of_all(model::ImageTower& tower, ImageSource& source, const Settings& settings,
                         comm::Collective& collective, std::int64_t at_once, Trial* trial) {
  bool batch = tower.has_batch_statistics(), plain = settings.text("view") == "plain";
  std::int64_t chunk = batch ? settings.integer("chunk") : method::kChunkRows;
  if (batch && at_once > 0)
    throw UsageError(
        fmt::format("labels.scorer.mode = batch-statistics normalises whole batches of {} images, pieces of {} would "
                    "change its scores: there is too little memory for them, say a smaller labels.scorer.chunk",
                    chunk, at_once));
  auto seed = static_cast<std::uint64_t>(settings.integer("seed"));
  at::Tensor all = all_rows(source.size("train"), chunk, trial, [&](std::int64_t first, std::int64_t rows) {
    comm::Slice mine = comm::slice_of(rows, collective.rank(), collective.size());
    std::vector<at::Tensor> pieces;
    for (comm::Slice piece : row_chunks(mine, at_once)) {
      at::Tensor pixels =
          source.inputs("train", plain ? "plain" : "weak",
                        at::arange(first + piece.first, first + piece.last, at::TensorOptions(at::kLong)), 0);
      model::Outputs outputs = batch ? tower.rows_in_training(pixels, {collective, rows, mine.first, seed,
                                                                       static_cast<std::uint64_t>(first / chunk)})
                                     : tower.rows(pixels);
      pieces.push_back(outputs.features());
    }
    tower.forget_forwards();
    return collective.gather_rows(pieces.size() == 1 ? pieces[0] : at::cat(pieces), rows);
  });
  return device::to_host(all);
}

}  // namespace

Execution classifier_scores(const Stage& stage, const Context& context, comm::Collective& collective) {
  at::NoGradGuard no_gradient;
  std::int64_t classes = classes_of(stage, context);
  StageModel model(stage.inputs.count("classifier") ? trained_classifier(stage, context, classes)
                                                    : snapshot_at(input_file(context, "backbone"), accepted(context)),
                   stage.settings, context);
  auto tower = model.image_tower(model::FeatureKind::logits);
  if (tower->classes() != classes)
    throw UsageError(fmt::format("labels.scorer.model = {}: its classifier has {} classes, the data set {} has {}",
                                 stage.settings.text("model"), tower->classes(), stage.settings.text("dataset"),
                                 classes));
  if (stage.settings.text("mode") == "batch-statistics") {
    tower->use_batch_statistics();
    if (!tower->has_batch_statistics())
      throw UsageError(
          fmt::format("labels.scorer.mode = batch-statistics: {} has no BatchNorm", stage.settings.text("model")));
  }
  StageViews views;
  views.training["weak"] = stage.settings.text("view");
  auto [opened, oracle] = open_images(stage, context, model.images(std::move(views)));
  ImageSource& source = *opened;
  std::optional<Trial> trial;
  if (context.trial) trial.emplace();
  Execution result = score_execution(
      logits_of_all(*tower, source, stage.settings, collective, context.chunk, trial ? &*trial : nullptr), source,
      oracle);
  result.trial = trial;
  return result;
}

}  // namespace winnow::train
