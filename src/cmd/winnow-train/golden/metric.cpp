// kind = metric: predictions and labels to the figures that a table shows.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/model/adaptation.h"
#include "winnow/train/evaluation.h"

namespace winnow::golden {

namespace {

at::Tensor scalar(double value) { return at::tensor({value}, at::TensorOptions(at::kDouble)); }

// Two decimals by printf's rule, as tables print them.
double two_decimals(double value) { return std::stod(fmt::format("{:.2f}", value)); }

void run_selection_metric(Case& c) {
  at::Tensor mask = c.tensor("in.mask"), given = c.tensor("in.given"), truth = c.tensor("in.true");
  c.precision();  // figures are fp64 whatever a case says
  if (given.max().item<std::int64_t>() >= c.config().integer("classes"))
    c.wrong("config.classes contradicts the labels");
  bool batches = c.config().has("average") && c.config().text("average") == "batch";
  std::int64_t batch = batches ? c.config().integer("batch") : 0;
  train::SelectionQuality quality =
      batches ? train::batch_mean_quality(mask, given, truth, c.tensor("in.order").split(batch), batch)
              : train::selection_quality(mask, given, truth);
  c.compare("precision", scalar(quality.precision));
  c.compare("recall", scalar(quality.recall));
  c.compare("f1", scalar(quality.f1));
  c.compare("noise", (given != truth).to(at::kDouble).mean());
  double percent[] = {two_decimals(100 * quality.precision), two_decimals(100 * quality.recall),
                      two_decimals(100 * quality.f1)};
  c.compare("percent", at::tensor(at::ArrayRef<double>(percent, 3), at::TensorOptions(at::kDouble)));
}

// A CLIP image tower of these sizes, without weights: values that an adaptation trains in it, the head not counted.
void run_trainable_parameters(Case& c) {
  const Settings& config = c.config();
  model::Snapshot sizes;
  sizes.source = c.name();
  sizes.sizes_only = true;
  const Value& image = c.raw("model");
  if (image.at("family") != "clip") throw UsageError("config.model.family: known: clip");
  sizes.config = {{"model_type", "clip"}, {"vision_config", image}};
  auto tower = model::image_tower(sizes, {});
  model::AdaptationOptions options;
  options.classes = config.integer("classes");
  for (const char* key : {"adapter_dim", "lora_dim", "vpt_len"})
    if (config.has(key)) options.size = config.integer(key);
  if (config.has("mask_ratio")) options.mask_ratio = config.real("mask_ratio");
  options.deft = config.has("implementation") && config.text("implementation") == "deft";
  model::adapt(*tower, config.text("adapt"), options);
  c.compare("count", at::tensor({tower->weights().trainable_values()}, at::TensorOptions(at::kLong)));
}

}  // namespace

void run_metric(Case& c) {
  if (c.subject() == "trainable-parameters") return run_trainable_parameters(c);
  if (c.subject() == "selection") return run_selection_metric(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden
