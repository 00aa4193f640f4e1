#include "golden/recorded_stage.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/stage/result_version.h"

namespace winnow::golden {

namespace {

constexpr const char* kBothPrompts = "positive, negative";

bool unsupervised(const Case& c) { return c.folder().filename() == "unsupervised"; }

// How cases call what winnow's methods and modules name otherwise.
std::map<std::string, std::string> names_in_case(const train::Replay& replay) {
  std::map<std::string, std::string> names = {{"main", "A"},
                                              {"generator", "A_g"},
                                              {"head", "W"},
                                              {"tail", "W_tail"},
                                              {"generator_head", "W_g"},
                                              {"prompts", "W"},
                                              {"class_texts.weight", "W"},
                                              {"head.weight", "W"},
                                              {"cache.keys", "keys"}};
  if (replay.tensors.count("b")) names["head.bias"] = "b";
  if (replay.tensors.count("positive")) names["prompts"] = kBothPrompts;
  return names;
}

// Two prompts are one network: their classes are one batch.
void join_prompts(train::Replay& replay) {
  auto positive = replay.tensors.find("positive"), negative = replay.tensors.find("negative");
  if (positive == replay.tensors.end() || negative == replay.tensors.end()) return;
  replay.tensors[kBothPrompts] = at::cat({positive->second, negative->second});
}

void split_prompts(Results& all) {
  auto both = all.extract(kBothPrompts);
  if (both.empty()) return;
  std::vector<at::Tensor> each = both.mapped().chunk(2);
  all["positive"] = each[0];
  all["negative"] = each[1];
}

// The first axes of a recorded draw: README's table.
train::Replay::Axes axes_of(const std::string& purpose, const at::Tensor& values) {
  using Axes = train::Replay::Axes;
  if (purpose.starts_with("init.")) return values.dim() > 2 ? Axes::epoch_and_index : Axes::epoch;
  if (purpose.starts_with("stream.")) return Axes::epoch;
  if (purpose.starts_with("mix.") || purpose.starts_with("fmix.")) return Axes::iteration_and_index;
  return purpose == "noise" ? Axes::iteration : Axes::epoch_and_step;
}

// A parameter's name in the case; of a copy key.X, or X_key.
std::string name_in_case(const Case& c, const std::string& parameter, const train::Replay& replay) {
  if (auto own = replay.names.find(parameter); own != replay.names.end()) return own->second;
  if (parameter.starts_with("key_neck.")) return "key." + parameter.substr(9);
  if (unsupervised(c) && parameter.starts_with("key.")) return parameter.substr(4) + "_key";
  return parameter;
}

// pll and noisy: plain and weak are x_w, strong is x_s, again is x_a. unsupervised: plain is x_w; weak is x_s where
// there is one, key is x_k.
std::map<std::string, std::string> views_of(const Case& c, const train::Replay& replay) {
  std::map<std::string, std::string> views{{"plain", "x_w"}, {"weak", "x_w"}};
  auto add = [&](const char* view, const char* tensor) {
    if (replay.tensors.count(tensor)) views[view] = tensor;
  };
  add(unsupervised(c) ? "weak" : "strong", "x_s");
  if (!unsupervised(c)) add("again", "x_a");
  if (unsupervised(c)) add("key", "x_k");
  return views;
}

// What a case may leave out.
const std::map<std::string, Value>& fallbacks() {
  static const std::map<std::string, Value> values = {{"train.schedule", "constant"},
                                                      {"train.weight_decay", 0.0},
                                                      {"train.momentum", 0.0},
                                                      {"train.nesterov", false},
                                                      {"train.betas", {0.9, 0.999}},
                                                      {"train.eps", 1e-8},
                                                      {"train.lr", 0.0},
                                                      {"scale", 25.0},
                                                      {"projector", "none"},
                                                      {"query_view", "weak"},
                                                      {"seed", 0}};
  return values;
}

Stage stage_of(const Case& c, const RecordedStage& own) {
  const at::Tensor& order = own.replay.tensors.at("order");
  Settings settings = settings_of(c, own.table);
  for (const auto& [key, value] : fallbacks())
    if (!settings.has(key)) settings.set(key, value);
  settings.erase("dtype");
  settings.set("train.precision", c.precision() == at::kDouble ? "fp64" : "fp32");
  settings.set("method", own.method);
  settings.set("dataset", "replay");
  settings.set("model", "toy");
  settings.set("classes", own.classes);
  if (!settings.has("train.epochs")) settings.set("train.epochs", order.size(0));
  if (!settings.has("train.batch")) settings.set("train.batch", order.size(2));
  Stage stage;
  stage.version = result_version_of_method(own.method);
  stage.settings = settings;
  return stage;
}

class Quiet final : public train::Observer {};

train::Execution execute_once(const Stage& stage, const train::Replay& replay, c10::Device device, std::int64_t chunk,
                              comm::Collective& gang) {
  train::Context context;
  context.device = device;
  context.replay = &replay;
  context.chunk = chunk;
  Quiet quiet;
  return train::execute(stage, context, gang, quiet);
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

train::Replay recorded(const Case& c, const std::string& prefix) {
  train::Replay replay;
  auto below = [&](const std::string& kind) {
    std::map<std::string, at::Tensor> all = c.below(kind, c.precision());
    if (!prefix.empty())
      for (auto& [name, tensor] : c.below(kind + prefix, c.precision())) all[name] = tensor;
    return all;
  };
  replay.tensors = below("in.");
  replay.tensors.erase("true");
  for (auto& [purpose, values] : below("draw.")) replay.draws[purpose] = {values, axes_of(purpose, values)};
  replay.views["train"] = views_of(c, replay);
  return replay;
}

Results execute(Case& c, const Options& options, const RecordedStage& given) {
  RecordedStage own = given;
  join_prompts(own.replay);
  own.replay.names = names_in_case(own.replay);
  Stage stage = stage_of(c, own);
  train::Trace trace = execute_once(stage, own.replay, c.device(), options.chunk, *options.gang).trace;
  if (options.chunk > 0 || options.gang->size() > 1) {
    auto alone = comm::alone();
    compare_gradients(c, trace, execute_once(stage, own.replay, c.device(), 0, *alone).trace);
  }
  mark_read(c, stage.settings, own.table);
  // Methods without the choice take their confidences from the training forward.
  if (c.config().has("conf_source") && !stage.settings.read().count("conf_source")) {
    c.mark_read("conf_source");
    if (c.config().text("conf_source") != "pre-step") c.wrong("config.conf_source is no choice of this method");
  }

  Results all = trace.predictions;
  if (auto prediction = all.find("prediction"); prediction != all.end()) all.emplace("test_logits", prediction->second);
  for (const auto& [name, values] : trace.logged) all.emplace(name, values);
  for (const auto& [name, tensor] : trace.parameters) all.emplace(name_in_case(c, name, own.replay), tensor);
  split_prompts(all);
  for (const auto& [name, tensor] : trace.states) all.emplace(name, tensor);
  for (const auto& [name, tensor] : own.replay.tensors) all.emplace(name, tensor);  // what nothing uses stays as it was
  return all;
}

void compare(Case& c, const std::string& prefix, const Results& results) {
  for (const auto& [name, tensor] : results) {
    if (!c.expects(prefix + name)) continue;
    bool last_only = tensor.dim() == c.tensor("out." + prefix + name).dim() + 1;
    c.compare(prefix + name, last_only ? tensor[tensor.size(0) - 1] : tensor);
  }
}

}  // namespace winnow::golden
