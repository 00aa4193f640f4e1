// Stage kind `select`: pseudo-labels from the scores of an earlier stage; no label is known to it but those of
// labelled_shots.
// docs/methods/unsupervised.md#3.2, #6.2 and #6.4.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "executors.h"
#include "labelled_shots.h"
#include "open_images.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/method/candidate_sets.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/deferred_acceptance.h"
#include "winnow/method/top_k.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

namespace {

std::int64_t images_of_class(const Settings& settings, const at::Tensor& scores) {
  if (std::int64_t constant = settings.integer("k")) return constant;
  return method::growing_k(settings.integer("round"), settings.integer("rounds"), scores.size(0), scores.size(1));
}

at::Tensor probability_of(const at::Tensor& logits) { return at::softmax(logits.to(at::kDouble), 1); }

SelectedSubset placed(const method::Placement& placement) {
  return {placement.label >= 0, placement.score, placement.label};
}

// Scores of many images and classes stay in their file: rows are read as they are wanted.
SelectedSubset select_deferred(const at::Tensor& logits, std::int64_t k, const at::Tensor& unlabelled) {
  return placed(
      method::deferred_acceptance(logits.size(0), logits.size(1), k, [&](std::int64_t first, std::int64_t count) {
        at::Tensor rows = probability_of(logits.narrow(0, first, count));
        if (!unlabelled.defined()) return rows;
        return rows.masked_fill(unlabelled.narrow(0, first, count).unsqueeze(1) == 0,
                                -std::numeric_limits<double>::infinity());
      }));
}

// Among the images that are `unlabelled`; undefined: all.
SelectedSubset select_by(const Settings& settings, const at::Tensor& logits, const at::Tensor& unlabelled) {
  std::string rule = settings.text("selection");
  std::int64_t k = images_of_class(settings, logits);
  if (rule == "deferred") return select_deferred(logits, k, unlabelled);
  at::Tensor probability = probability_of(logits);
  at::Tensor allowed = unlabelled.defined() ? unlabelled.unsqueeze(1).expand_as(probability) : at::Tensor();
  if (rule == "argmax") {
    method::TopK top = method::top_k_argmax(probability, k, unlabelled);
    return {top.mask, top.score, top.label};
  }
  if (rule == "columnwise") return {method::top_k_columnwise(probability, k, unlabelled), probability, {}};
  if (rule == "candidates") {
    double beta = settings.at("beta") == "by-classes" ? std::max(0.0, 1 - 2 / static_cast<double>(logits.size(1)))
                                                      : settings.real("beta");
    method::CandidateSets sets = method::candidate_sets(probability, settings.real("alpha"), beta);
    SelectedSubset subset = placed(method::deferred_acceptance(probability, k, sets.candidates));
    subset.weight =
        method::candidate_weights(probability, sets.candidates, subset.mask, settings.integer("round") == 1);
    return subset;
  }
  throw UsageError(fmt::format("selection = {}: expected argmax, columnwise, deferred or candidates", rule));
}

void add(const LabelledShots& known, SelectedSubset& subset) {
  if (!known.ids.defined()) return;
  if (subset.label.defined()) method::add_labelled(known.ids, known.label, subset.label, subset.mask, subset.score);
  else method::add_labelled_pairs(known.ids, known.label, subset.mask, subset.score);
}

// Of what is selected a random share, in a fixed order: the published code of GRIP sets it aside in rounds with this
// many images of each class.
void hold_out(const Settings& settings, std::int64_t k, at::Tensor& mask) {
  constexpr std::int64_t kFewest = 10;
  if (!settings.has("held_out") || k < kFewest) return;
  at::Tensor chosen = mask.flatten().nonzero().flatten();
  std::vector<std::int64_t> order = Streams(0, "held_out").at(0, 0).permutation(chosen.size(0));
  auto out = static_cast<std::int64_t>(settings.real("held_out") * static_cast<double>(chosen.size(0)));
  order.resize(static_cast<std::size_t>(out));
  mask.view({-1}).index_fill_(0, chosen.index_select(0, at::tensor(order, at::kLong)), 0);
}

}  // namespace

Execution execute_select(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  require_version(stage, "select", result_version(StageKind::select));
  auto [opened, oracle] = open_images(stage, context, {});
  ImageSource& source = *opened;
  SampleScores scores = map_scores(context, "scores").of(source.samples("train"), source.classes());
  LabelledShots known = LabelledShots::of(stage, source, oracle);
  SelectedSubset subset = select_by(stage.settings, scores.rows.at("logits"), known.unlabelled);

  hold_out(stage.settings, images_of_class(stage.settings, scores.rows.at("logits")), subset.mask);
  add(known, subset);

  Execution result;
  result.skipped_images = source.skipped();
  put_pseudo_labels(subset, source.classes(), oracle, result.content);
  say_without_sample(subset, source, collective, observer);
  if (context.trial) {  // everything, so that later stages are tried on as much as they can get
    subset.mask = at::ones_like(subset.mask);
    if (subset.label.defined()) subset.label = subset.label.clamp_min(0);
    if (subset.weight.defined()) subset.weight = at::ones_like(subset.weight);
  }
  put_selection(subset, {}, source, result.content);
  put_labelled(known, source, result.content);
  return result;
}

}  // namespace winnow::train
