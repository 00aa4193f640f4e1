// kind = method: a recorded training run, one stage or a recipe of several.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "golden/kinds.h"
#include "golden/recipes.h"
#include "golden/recorded_stage.h"
#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/method/registry.h"
#include "winnow/train/evaluation.h"

namespace winnow::golden {

namespace {

void require(Case& c, const std::string& key, bool holds) {
  if (!c.config().has(key)) return;
  c.mark_read(key);
  if (!holds) c.wrong(fmt::format("config.{} contradicts the tensors", key));
}

// Keys that describe a case of one stage are checked against its tensors.
void check_stage(Case& c, const RecordedStage& stage) {
  const at::Tensor& order = stage.replay.tensors.at("order");
  auto number = [&](const char* key) { return c.config().has(key) ? c.config().integer(key) : -1; };
  bool short_batch = (order < 0).any().item<bool>();
  require(c, "samples", number("samples") == c.tensor("in.x_w").size(0));
  require(c, "classes", number("classes") == stage.classes);
  require(c, "steps_per_epoch", number("steps_per_epoch") == order.size(1));
  if (c.config().has("drop_last")) require(c, "drop_last", !(c.config().flag("drop_last") && short_batch));
}

// DeFT's code averages precision and recall over batches, epoch by epoch (percent).
void compare_batch_averages(Case& c, const Results& results) {
  if (!c.expects("precision.batch")) return;
  const at::Tensor &order = results.at("order"), &masks = results.at("mask");
  std::vector<double> precision, recall;
  for (std::int64_t epoch = 0; epoch < masks.size(0); ++epoch) {
    std::vector<at::Tensor> batches;
    for (const at::Tensor& ids : order[epoch].unbind(0)) batches.push_back(ids.masked_select(ids >= 0));
    train::SelectionQuality mean =
        train::batch_mean_quality(masks[epoch], results.at("given"), c.tensor("in.true"), batches, order.size(2));
    precision.push_back(100 * mean.precision);
    recall.push_back(100 * mean.recall);
  }
  c.compare("precision.batch", at::tensor(precision, at::kDouble));
  c.compare("recall.batch", at::tensor(recall, at::kDouble));
}

// A list of names, each of which must be a tensor of the case: NAME, NAME.part, or with a prefix or suffix of its own.
void check_names(Case& c, const char* key) {
  if (!c.config().has(key)) return;
  const Value& names = c.raw(key);
  auto tensors = c.below("in.", at::kDouble);
  auto there = [&](const std::string& name) {
    std::string own = name == "generator" ? "g" : name;
    return std::any_of(tensors.begin(), tensors.end(),
                       [&](const auto& entry) {
                         std::string last = "." + entry.first;  // "m1.r1.A" belongs to A, "m1.head_W" to head
                         return last.ends_with("." + name) || last.ends_with("_" + name) ||
                                last.find("." + name + ".") != std::string::npos ||
                                last.find("." + name + "_") != std::string::npos || entry.first == "W_" + own;
                       }) ||
           c.expects(name);
  };
  bool known = names.is_array() && std::all_of(names.begin(), names.end(), [&](const Value& name) {
                 return name.is_string() && there(name.get<std::string>());
               });
  require(c, key, known);
}

}  // namespace

void run_method(Case& c, const Options& options) {
  for (const char* key : {"modules", "trainable"}) check_names(c, key);
  require(c, "order_padding", !c.config().has("order_padding") || c.config().integer("order_padding") == -1);
  require(c, "teacher", c.config().has("teacher") && c.config().text("teacher") == "given");
  if (run_recipe(c, options)) return;
  RecordedStage stage{method_of(c), "", recorded(c), 0};
  method::make_method(stage.method);  // unknown subjects fail before anything is read
  c.tensor("in.order");
  stage.classes = c.has("in.W") ? c.tensor("in.W").size(0) : c.config().integer("classes");
  check_stage(c, stage);
  Results results = execute(c, options, stage);
  compare(c, "", results);
  compare_batch_averages(c, results);
}

}  // namespace winnow::golden
