// kind = method: a recorded training run through the ordinary stage executor, data set `replay`, model `toy`.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "golden/kinds.h"
#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/method/registry.h"
#include "winnow/stage/result_version.h"
#include "winnow/train/evaluation.h"
#include "winnow/train/execute.h"

namespace winnow::golden {

namespace {

// How cases call what winnow's methods and modules name otherwise.
std::map<std::string, std::string> recorded_names(const train::Replay& replay) {
  std::map<std::string, std::string> names = {{"main", "A"},
                                              {"generator", "A_g"},
                                              {"head", "W"},
                                              {"tail", "W_tail"},
                                              {"generator_head", "W_g"},
                                              {"prompts", "W"},
                                              {"teacher_text.weight", "W"},
                                              {"head.weight", "W"},
                                              {"cache.keys", "keys"}};
  if (replay.tensors.count("b")) names["head.bias"] = "b";
  if (replay.tensors.count("positive")) names["prompts"] = "positive, negative";
  return names;
}

// Two prompts are one network: their classes are one batch.
void join_prompts(train::Replay& replay) {
  auto positive = replay.tensors.find("positive"), negative = replay.tensors.find("negative");
  if (positive == replay.tensors.end() || negative == replay.tensors.end()) return;
  replay.tensors["positive, negative"] = at::cat({positive->second, negative->second});
}

void split_prompts(std::map<std::string, at::Tensor>& all) {
  auto both = all.extract("positive, negative");
  if (both.empty()) return;
  std::vector<at::Tensor> each = both.mapped().chunk(2);
  all["positive"] = each[0];
  all["negative"] = each[1];
}

// DeFT's code averages precision and recall over batches, epoch by epoch (percent).
void compare_batch_averages(Case& c, const train::Trace& trace, const train::Replay& replay) {
  if (!c.expects("precision.batch")) return;
  const at::Tensor& order = replay.tensors.at("order");
  at::Tensor masks = trace.states.at("mask"), given = replay.tensors.at("given"), truth = c.tensor("in.true");
  std::vector<double> precision, recall;
  for (std::int64_t epoch = 0; epoch < masks.size(0); ++epoch) {
    std::vector<at::Tensor> batches;
    for (const at::Tensor& ids : order[epoch].unbind(0)) batches.push_back(ids.masked_select(ids >= 0));
    train::SelectionQuality mean = train::batch_mean_quality(masks[epoch], given, truth, batches, order.size(2));
    precision.push_back(100 * mean.precision);
    recall.push_back(100 * mean.recall);
  }
  c.compare("precision.batch", at::tensor(precision, at::kDouble));
  c.compare("recall.batch", at::tensor(recall, at::kDouble));
}

// The first axes of a recorded draw: README's table.
train::Replay::Axes axes_of(const std::string& purpose) {
  if (purpose.starts_with("init.")) return train::Replay::Axes::epoch;
  if (purpose.starts_with("mix.")) return train::Replay::Axes::iteration_and_index;
  return purpose == "noise" ? train::Replay::Axes::iteration : train::Replay::Axes::epoch_and_step;
}

// A parameter's name in the case: of a copy key.X.
std::string name_in_case(const std::string& parameter, const train::Replay& replay) {
  if (auto own = replay.names.find(parameter); own != replay.names.end()) return own->second;
  return parameter.starts_with("key_neck.") ? "key." + parameter.substr(9) : parameter;
}

// What a case may leave out.
const std::map<std::string, Value>& fallbacks() {
  static const std::map<std::string, Value> values = {
      {"train.schedule", "constant"}, {"train.weight_decay", 0.0}, {"train.momentum", 0.0}, {"train.nesterov", false},
      {"train.betas", {0.9, 0.999}},  {"train.eps", 1e-8},         {"scale", 25.0},         {"seed", 0}};
  return values;
}

void require(Case& c, const std::string& key, bool holds) {
  if (!c.config().has(key)) return;
  c.mark_read(key);
  if (!holds) c.wrong(fmt::format("config.{} contradicts the tensors", key));
}

// Keys that describe the file are checked against its tensors.
void check_description(Case& c, const train::Replay& replay, std::int64_t samples, std::int64_t classes) {
  const at::Tensor& order = replay.tensors.at("order");
  auto number = [&](const char* key) { return c.config().has(key) ? c.config().integer(key) : -1; };
  bool short_batch = (order < 0).any().item<bool>();
  require(c, "samples", number("samples") == samples);
  require(c, "classes", number("classes") == classes);
  require(c, "steps_per_epoch", number("steps_per_epoch") == order.size(1));
  require(c, "order_padding", number("order_padding") == -1);
  if (c.config().has("drop_last")) require(c, "drop_last", !(c.config().flag("drop_last") && short_batch));
  if (c.config().has("modules")) {
    const Value& modules = c.raw("modules");
    // A module's tensors: NAME, NAME.part, or W_NAME; a generator's A_g and W_g.
    auto there = [&](const std::string& name) {
      return std::any_of(replay.tensors.begin(), replay.tensors.end(), [&](const auto& tensor) {
        return tensor.first == name || tensor.first.starts_with(name + ".") ||
               tensor.first == "W_" + (name == "generator" ? "g" : name);
      });
    };
    bool known = modules.is_array() && std::all_of(modules.begin(), modules.end(), [&](const Value& name) {
                   return name.is_string() && there(name.get<std::string>());
                 });
    require(c, "modules", known);
  }
}

Stage stage_of(Case& c, const train::Replay& replay, std::int64_t classes) {
  const at::Tensor& order = replay.tensors.at("order");
  Settings settings = settings_of(c);
  for (const auto& [key, value] : fallbacks())
    if (!settings.has(key)) settings.set(key, value);
  settings.erase("dtype");
  settings.set("train.precision", c.precision() == at::kDouble ? "fp64" : "fp32");
  settings.set("method", method_of(c));
  settings.set("dataset", "replay");
  settings.set("model", "toy");
  settings.set("classes", classes);
  if (!settings.has("train.epochs")) settings.set("train.epochs", order.size(0));
  if (!settings.has("train.batch")) settings.set("train.batch", order.size(2));
  Stage stage;
  stage.version = result_version_of_method(method_of(c));
  stage.settings = settings;
  return stage;
}

// pll and noisy: plain and weak are x_w, strong is x_s. unsupervised (which has a view x_k or keeps x_w for
// prediction): plain is x_w, weak is x_s, key is x_k.
std::map<std::string, std::string> views_of(const Case& c, const train::Replay& replay) {
  std::map<std::string, std::string> views{{"plain", "x_w"}};
  auto add = [&](const char* view, const char* tensor) {
    if (replay.tensors.count(tensor)) views[view] = tensor;
  };
  bool unsupervised = c.folder().filename() == "unsupervised";
  add("weak", unsupervised ? "x_s" : "x_w");
  add(unsupervised ? "key" : "strong", unsupervised ? "x_k" : "x_s");
  return views;
}

class Quiet final : public train::Observer {};

train::Execution execute(const Stage& stage, const train::Replay& replay, c10::Device device, std::int64_t chunk,
                         comm::Collective& gang) {
  train::Context context;
  context.device = device;
  context.replay = &replay;
  context.chunk = chunk;
  Quiet quiet;
  return train::execute(stage, context, gang, quiet);
}

void compare_with(Case& c, const train::Trace& trace, const train::Replay& replay) {
  std::map<std::string, at::Tensor> all = trace.predictions;
  if (auto prediction = all.find("prediction"); prediction != all.end()) all.emplace("test_logits", prediction->second);
  for (const auto& [name, values] : trace.logged) all.emplace(name, values);
  for (const auto& [name, tensor] : trace.parameters) all.emplace(name_in_case(name, replay), tensor);
  split_prompts(all);
  for (const auto& [name, tensor] : trace.states) {
    bool last_only = c.expects(name) && tensor.dim() == c.tensor("out." + name).dim() + 1;
    all.emplace(name, last_only ? tensor[tensor.size(0) - 1] : tensor);
  }
  for (const auto& [name, tensor] : replay.tensors) all.emplace(name, tensor);  // what nothing uses stays as it was
  for (const auto& [name, tensor] : all) c.compare(name, tensor);
}

// Adam hides a constant factor in a gradient, so gradients are compared themselves.
void compare_gradients(Case& c, const train::Trace& got, const train::Trace& whole) {
  double tolerance = c.precision() == at::kDouble ? 1e-10 : 1e-4;
  for (const auto& [name, want] : whole.first_gradients) {
    at::Tensor other = got.first_gradients.at(name);
    double allowed = tolerance * std::max(1.0, want.abs().max().item<double>());
    if (!((other - want).abs().max().item<double>() <= allowed))
      c.wrong(fmt::format("first gradients of optimiser {} differ from those of one process without chunks", name));
  }
}

}  // namespace

void run_method(Case& c, const Options& options) {
  method::make_method(method_of(c));  // unknown subjects fail before anything is read
  train::Replay replay;
  replay.tensors = c.below("in.", c.precision());
  replay.tensors.erase("true");
  for (auto& [purpose, values] : c.below("draw.", c.precision())) replay.draws[purpose] = {values, axes_of(purpose)};
  replay.views["train"] = views_of(c, replay);
  replay.names = recorded_names(replay);
  join_prompts(replay);
  std::int64_t samples = c.tensor("in.x_w").size(0);
  std::int64_t classes = c.has("in.W") ? c.tensor("in.W").size(0) : c.config().integer("classes");
  c.tensor("in.order");
  check_description(c, replay, samples, classes);

  Stage stage = stage_of(c, replay, classes);
  train::Execution run = execute(stage, replay, c.device(), options.chunk, *options.gang);
  auto alone = comm::alone();
  if (options.chunk > 0 || options.gang->size() > 1)
    compare_gradients(c, run.trace, execute(stage, replay, c.device(), 0, *alone).trace);
  mark_read(c, stage.settings);
  // Methods without the choice take their confidences from the training forward.
  if (!stage.settings.read().count("conf_source"))
    require(c, "conf_source", c.config().has("conf_source") && c.config().text("conf_source") == "pre-step");
  compare_with(c, run.trace, replay);
  compare_batch_averages(c, run.trace, replay);
}

}  // namespace winnow::golden
