// kind = metric, of one stage: accuracy, how well a selection finds the clean samples, what an adaptation trains.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "golden/subjects.h"
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

at::Tensor two_decimals(const at::Tensor& values) {
  std::vector<double> rounded;
  for (std::int64_t i = 0; i < values.numel(); ++i) rounded.push_back(two_decimals(values[i].item<double>()));
  return at::tensor(rounded, at::kDouble);
}

// Of every epoch, the best one (the first of equals, counted from 1) and the last.
void run_accuracy(Case& c) {
  const at::Tensor &logits = c.tensor("in.logits"), &truth = c.tensor("in.true");  // epochs x N x K
  c.precision();  // figures are fp64 whatever a case says
  if (c.config().integer("classes") != logits.size(2)) c.wrong("config.classes contradicts the logits");
  std::vector<double> accuracy;
  for (std::int64_t epoch = 0; epoch < logits.size(0); ++epoch)
    accuracy.push_back(100 * train::accuracy({{"logits", logits[epoch]}}, truth));
  auto best = std::max_element(accuracy.begin(), accuracy.end());
  c.compare("accuracy", at::tensor(accuracy, at::kDouble));
  c.compare("best", scalar(*best));
  c.compare("best.epoch", at::tensor({best - accuracy.begin() + 1}, at::TensorOptions(at::kLong)));
  c.compare("last", scalar(accuracy.back()));
  c.compare("percent", two_decimals(at::tensor({*best, accuracy.back()}, at::TensorOptions(at::kDouble))));
}

// Of precision and recall in percent.
void run_f1(Case& c) {
  at::Tensor precision = c.tensor("in.precision").to(at::kDouble), recall = c.tensor("in.recall").to(at::kDouble);
  c.precision();  // figures are fp64 whatever a case says
  std::vector<double> f1;
  for (std::int64_t i = 0; i < precision.numel(); ++i)
    f1.push_back(train::f1_of(precision[i].item<double>(), recall[i].item<double>()));
  c.compare("f1", at::tensor(f1, at::kDouble));
  c.compare("percent", two_decimals(at::tensor(f1, at::kDouble)));
}

}  // namespace

Subjects stage_metrics() {
  return {{"accuracy", run_accuracy},
          {"f1", run_f1},
          {"selection", run_selection_metric},
          {"trainable-parameters", run_trainable_parameters}};
}

}  // namespace winnow::golden
