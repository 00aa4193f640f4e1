// Stage kind `cross-filter`: the labels of one model that another one confirms. Inputs `labelling` and `judging`: the
// scores of the two, positive and negative. docs/methods/unsupervised.md#3.4.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "executors.h"
#include "labelled_shots.h"
#include "open_images.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "winnow/core/error.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/formulas.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

namespace {

method::DualLogits dual(const Context& context, const std::string& input, const ImageSource& source) {
  SampleScores scores = read_scores(context, input).of(source.samples("train"), source.classes());
  if (!scores.rows.count("logits_neg"))
    throw DataError(fmt::format("{} holds no scores of negative prompts", input_file(context, input).string()));
  return {scores.rows.at("logits").to(at::kDouble), scores.rows.at("logits_neg").to(at::kDouble)};
}

}  // namespace

Execution execute_cross_filter(const Stage& stage, const Context& context, comm::Collective& collective,
                               Observer& observer) {
  require_version(stage, "cross-filter", result_version(StageKind::cross_filter));
  auto [opened, oracle] = open_images(stage, context, {});
  ImageSource& source = *opened;
  method::DualLogits labelling = dual(context, "labelling", source), judging = dual(context, "judging", source);
  method::Exchanged exchanged = method::cross_filter(labelling, judging);
  if (stage.settings.flag("both_clean"))
    exchanged.clean = exchanged.clean & method::cross_filter(judging, labelling).clean;
  // How sure the judging model is that the label is right.
  at::Tensor score = at::sigmoid(method::at_labels(judging.positive - judging.negative, exchanged.label));
  LabelledShots known = LabelledShots::of(stage, source, oracle);
  if (known.ids.defined()) method::add_labelled(known.ids, known.label, exchanged.label, exchanged.clean, score);
  SelectedSubset subset{exchanged.clean, score, exchanged.label};

  Execution result;
  result.skipped_images = source.skipped();
  put_pseudo_labels(subset, source.classes(), oracle, result.content);
  say_without_sample(subset, source, collective, observer);
  if (context.trial) subset.mask = at::ones_like(subset.mask);
  put_selection(subset, {}, source, result.content);
  put_labelled(known, source, result.content);
  return result;
}

}  // namespace winnow::train
