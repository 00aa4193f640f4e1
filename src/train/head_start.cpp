#include "head_start.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "features_of_all.h"
#include "trained_head.h"
#include "winnow/core/error.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/logistic_regression.h"
#include "winnow/model/normalise.h"

namespace winnow::train {

namespace {

// N x C, on the host: how much of each sample is of each class.
at::Tensor shares(ImageSource& source) {
  const auto& selection = source.labels().handed_over;
  if (const at::Tensor& items = source.labels().items; items.defined())
    return at::zeros({source.size("train"), source.classes()}, at::kDouble)
        .index_put_({items, source.labels().item_labels}, 1.0);
  at::Tensor result = source.labels().candidates.to(at::kDouble);  // a given label is a set of one
  result = result / result.sum(1, /*keepdim=*/true);
  auto mask = selection.find("mask"), label = selection.find("label");
  if (mask == selection.end()) return result;
  at::Tensor kept = mask->second.to(at::kDouble);
  if (kept.dim() == 2) return kept;
  if (label != selection.end()) result = at::one_hot(label->second.to(at::kLong), source.classes()).to(at::kDouble);
  return result * kept.unsqueeze(1);
}

at::Tensor class_means(const at::Tensor& features, const at::Tensor& of_class, const std::vector<std::string>& names) {
  at::Tensor weights = of_class.sum(0);
  for (std::size_t c = 0; c < names.size(); ++c)
    if (weights[static_cast<std::int64_t>(c)].item<double>() == 0)
      throw UsageError(fmt::format("head_init = class-mean: no training sample has the label '{}'", names[c]));
  return at::mm(of_class.t(), features) / weights.unsqueeze(1);
}

}  // namespace

at::Tensor head_rows_from_data(const std::string& head_init, const model::Snapshot& snapshot,
                               const model::ClassifierOptions& options, ImageSource& source, const Context& context,
                               comm::Collective& collective, Trial* trial, KeptFeatures* kept) {
  at::NoGradGuard no_gradient;
  if (head_init == "linear-probe" && !source.has_given())
    throw UsageError(
        "head_init = linear-probe wants one given label a sample, here are candidate sets; class-mean weighs a set's "
        "classes alike");
  auto tower = model::bare_tower(snapshot, options);
  tower->weights().to(context.device);
  at::Tensor features = features_of_all(*tower, source, "train", "plain", 0, collective, context.chunk, trial, kept),
             of_class = shares(source), rows;
  if (head_init == "linear-probe") {
    at::Tensor kept = at::nonzero(of_class);  // items: sample and label
    rows = model::fit_logistic_regression(features.index_select(0, kept.select(1, 0)), kept.select(1, 1),
                                          source.classes());
  } else {
    rows = class_means(features, of_class, source.class_names());
  }
  return model::normalise_or_zero(rows);
}

void start_at_detector(const Path& run_file, store::Accept accept, const model::Snapshot& snapshot,
                       model::ClassifierOptions& options) {
  store::RunContent content = store::read_run_file(run_file, true, accept);
  auto [rows, bias] = trained_head(content);
  if (!rows.defined())
    throw DataError(fmt::format("{} holds no weights/head.weight: it trains no head", run_file.string()));
  if (rows.dim() != 2 || rows.size(0) != options.adaptation.classes)
    throw UsageError(fmt::format("head_init = detector: the head in {} is of other classes", run_file.string()));
  options.head_rows = model::rows_for_head(snapshot, options, rows.to(options.dtype));
  if (bias.defined()) options.head_bias = bias.to(options.dtype);
}

}  // namespace winnow::train
