// Stage kind `select`: pseudo-labels from the scores of an earlier stage; no label is known to it.
// docs/methods/unsupervised.md#3.2, #6.2 and #6.4.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "executors.h"
#include "open_images.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "winnow/core/error.h"
#include "winnow/method/candidate_sets.h"
#include "winnow/method/deferred_acceptance.h"
#include "winnow/method/top_k.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

namespace {

std::int64_t images_of_class(const Settings& settings, const at::Tensor& probability) {
  if (std::int64_t constant = settings.integer("k")) return constant;
  return method::growing_k(settings.integer("round"), settings.integer("rounds"), probability.size(0),
                           probability.size(1));
}

SelectedSubset placed(const method::Placement& placement) {
  return {placement.label >= 0, placement.score, placement.label};
}

SelectedSubset select_by(const Settings& settings, const at::Tensor& probability) {
  std::string rule = settings.text("selection");
  std::int64_t k = images_of_class(settings, probability);
  if (rule == "argmax") {
    method::TopK top = method::top_k_argmax(probability, k);
    return {top.mask, top.score, top.label};
  }
  if (rule == "columnwise") return {method::top_k_columnwise(probability, k), probability, {}};
  if (rule == "deferred") return placed(method::deferred_acceptance(probability, k));
  if (rule == "candidates") {
    method::CandidateSets sets = method::candidate_sets(probability, settings.real("alpha"), settings.real("beta"));
    SelectedSubset subset = placed(method::deferred_acceptance(probability, k, sets.candidates));
    subset.weight =
        method::candidate_weights(probability, sets.candidates, subset.mask, settings.integer("round") == 1);
    return subset;
  }
  throw UsageError(fmt::format("selection = {}: expected argmax, columnwise, deferred or candidates", rule));
}

}  // namespace

Execution execute_select(const Stage& stage, const Context& context, comm::Collective&, Observer&) {
  require_version(stage, "select", result_version(StageKind::select));
  auto [opened, oracle] = open_images(stage, context, {});
  ImageSource& source = *opened;
  SampleScores scores = read_scores(context, "scores").of(source.samples("train"), source.classes());
  SelectedSubset subset = select_by(stage.settings, at::softmax(scores.rows.at("logits").to(at::kDouble), 1));

  Execution result;
  result.skipped_images = source.skipped();
  put_pseudo_labels(subset, source.classes(), oracle, result.content);
  if (context.trial) {  // everything, so that later stages are tried on as much as they can get
    subset.mask = at::ones_like(subset.mask);
    if (subset.label.defined()) subset.label = subset.label.clamp_min(0);
    if (subset.weight.defined()) subset.weight = at::ones_like(subset.weight);
  }
  put_selection(subset, {}, source, result.content);
  return result;
}

}  // namespace winnow::train
