// kind = peft: adaptation modules, prompt learners and heads with recorded weights; outputs and gradients of the sum of
// squares.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/adaptation.h"
#include "winnow/model/clip.h"
#include "winnow/model/head.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/prompt_learner.h"
#include "winnow/model/snapshot_layout.h"
#include "winnow/model/text_tower.h"

namespace winnow::golden {

namespace {

// "adaptformer = true" asks for adaptformer; several may be on at once.
std::vector<std::string> adaptations_of(Case& c, bool deft) {
  std::vector<std::string> result;
  for (std::string name : model::known_adaptations(deft)) {
    std::string key = name;
    std::replace(key.begin(), key.end(), '-', '_');
    if (c.config().has(key) && c.config().flag(key)) result.push_back(name);
  }
  return result;
}

model::AdaptationOptions options_of(Case& c, model::ImageTower& tower, const std::string& name) {
  const Settings& config = c.config();
  model::AdaptationOptions options;
  options.deft = config.has("implementation") && config.text("implementation") == "deft";
  const char* size = name.starts_with("vpt") ? "vpt_len" : config.has("lora_dim") ? "lora_dim" : "adapter_dim";
  if (config.has(size)) options.size = config.integer(size);
  if (config.has("mask_ratio")) options.mask_ratio = config.real("mask_ratio");
  c.mark_read("mask_seed");  // of a generator that is not ours: the case brings the masks
  if (config.has("partial")) {
    const Value& partial = c.raw("partial");
    std::int64_t blocks = 0;
    for (const model::Parameter& parameter : tower.weights().all()) blocks = std::max(blocks, parameter.block + 1);
    options.blocks = partial.is_array()
                         ? std::pair{partial.at(0).get<std::int64_t>(), partial.at(1).get<std::int64_t>()}
                         : std::pair{blocks - partial.get<std::int64_t>(), blocks};
  }
  return options;
}

// Recorded weights below "in.peft.<prefix>", by the names that the modules give their parameters.
void load(Case& c, const std::string& prefix, model::Weights& weights) {
  for (const auto& [recorded, tensor] : c.below("in.peft." + prefix, at::kFloat)) {
    std::string name = recorded;
    at::Tensor value = tensor;
    if (std::size_t mask = name.find(".mask_"); mask != std::string::npos) {  // we keep which entries it chooses
      name.replace(mask, 6, ".chosen_");
      value = value.flatten().nonzero().squeeze(1);
    }
    model::Parameter* parameter = weights.find(name);
    if (!parameter) throw DataError(fmt::format("{}: no parameter '{}' here", c.name(), name));
    // As many as the recorded mask says.
    bool chosen = name.find(".optimized_") != std::string::npos || name.find(".chosen_") != std::string::npos;
    if (!chosen && parameter->value.sizes() != value.sizes())
      throw DataError(fmt::format("{}: '{}' has shape [{}], wanted [{}]", c.name(), name,
                                  fmt::join(value.sizes(), ", "), fmt::join(parameter->value.sizes(), ", ")));
    parameter->value = parameter->use = value.clone();
  }
}

// Gradients of `loss` by the parameters' names, stacked ones split into the snapshot's.
std::map<std::string, at::Tensor> gradients_of(const at::Tensor& loss, const std::vector<model::Weights*>& all) {
  std::vector<at::Tensor> leaves;
  std::vector<std::string> names;
  for (model::Weights* weights : all)
    for (model::Parameter* parameter : weights->trained()) {
      leaves.push_back(parameter->use);
      names.push_back(parameter->name);
    }
  std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, leaves, {}, false, false, /*allow_unused=*/true);
  std::map<std::string, at::Tensor> result;
  for (std::size_t i = 0; i < leaves.size(); ++i)
    result[names[i]] = gradients[i].defined() ? gradients[i] : at::zeros_like(leaves[i]);
  return model::snapshot_layout(result);
}

void check_trained(Case& c, const std::map<std::string, at::Tensor>& gradients) {
  if (!c.config().has("trainable_weights")) return;
  std::vector<std::string> wanted, got;
  for (const Value& name : c.raw("trainable_weights")) wanted.push_back(name.get<std::string>());
  for (const auto& [name, gradient] : gradients)
    if (!c.has("in.peft." + name)) got.push_back(name);
  std::sort(wanted.begin(), wanted.end());
  if (wanted != got)
    c.wrong(
        fmt::format("config.trainable_weights says {}, trained are {}", fmt::join(wanted, ", "), fmt::join(got, ", ")));
}

void run_tower(Case& c) {
  model::Snapshot snapshot = snapshot_of(c);
  auto tower = model::image_tower(snapshot, {});
  c.mark_read("note");
  c.mark_read("trainable_count");
  if (c.config().has("batch_norm") && c.config().text("batch_norm") != "evaluation")
    throw UsageError("batch_norm: known: evaluation");
  bool deft = c.config().has("implementation") && c.config().text("implementation") == "deft";
  for (const std::string& name : adaptations_of(c, deft)) model::adapt(*tower, name, options_of(c, *tower, name));
  load(c, "", tower->weights());
  tower->weights().to(c.device());
  tower->weights().train_what_is_trainable();
  if (c.config().has("trainable_count") && tower->weights().trainable_values() != c.config().integer("trainable_count"))
    c.wrong(fmt::format("config.trainable_count is {}, trained are {} values", c.config().integer("trainable_count"),
                        tower->weights().trainable_values()));
  at::Tensor hidden = tower->rows(c.on_device("in.pixels")).features();
  c.compare("hidden", hidden);
  std::map<std::string, at::Tensor> gradients = gradients_of(hidden.pow(2).sum(), {&tower->weights()});
  check_trained(c, gradients);
  for (const auto& [name, gradient] : gradients) {
    c.compare("grad.peft." + name, gradient);
    c.compare("grad.weights." + name, gradient);
  }
}

// A text tower with the recorded context of one polarity.
std::unique_ptr<model::TextTower> polarity(Case& c, const model::Snapshot& snapshot, const std::string& parameter) {
  auto text = model::text_tower(snapshot, at::kFloat);
  text->learn_context(parameter, c.tensor("in.peft." + parameter).clone());
  text->weights().to(c.device());
  text->weights().train_what_is_trainable();
  return text;
}

at::Tensor rows_of(Case& c, const model::TextTower& text, const std::string& tokens) {
  at::Tensor lengths =
      c.has("in.name_lengths") ? c.tensor("in.name_lengths") : at::zeros({c.tensor(tokens).size(0)}, at::kLong);
  auto place = model::parse_name_place(c.config().text("class_token_position"));
  at::Tensor rows = model::cropped(
      text, model::slot_rows(c.tensor(tokens), lengths, c.config().integer("context_tokens"), place, false));
  return device::to_device(rows, c.device());
}

void run_coop(Case& c) {
  model::Snapshot snapshot = snapshot_of(c);
  for (const char* key : {"classes", "polarity", "note"}) c.mark_read(key);
  auto positive = polarity(c, snapshot, "pos_ctx"), negative = polarity(c, snapshot, "neg_ctx");
  at::Tensor features = positive->rows(rows_of(c, *positive, "in.tokens")).features();
  at::Tensor features_negative = negative->rows(rows_of(c, *negative, "in.tokens_negative")).features();
  c.compare("text_features", features);
  c.compare("text_features_negative", features_negative);
  for (const auto& [name, gradient] : gradients_of(features.pow(2).sum() + features_negative.pow(2).sum(),
                                                   {&positive->weights(), &negative->weights()}))
    c.compare("grad.peft." + name, gradient);
}

// DeFT's detector: one image tower, two learned contexts; the negative logits do not reach the image.
void run_deft(Case& c) {
  model::Snapshot snapshot = snapshot_of(c);
  for (const char* key : {"classes", "note"}) c.mark_read(key);
  auto image = model::image_tower(snapshot, {});
  for (const std::string& name : adaptations_of(c, true)) model::adapt(*image, name, options_of(c, *image, name));
  load(c, "tuner.", image->weights());
  image->weights().to(c.device());
  image->weights().train_what_is_trainable();
  auto positive = polarity(c, snapshot, "prompt_learner.pos_ctx"),
       negative = polarity(c, snapshot, "prompt_learner.neg_ctx");
  at::Tensor features = at::linear(image->rows(c.on_device("in.pixels")).features(), image->projection());
  at::Tensor on = model::pair_logits(snapshot, features, positive->rows(rows_of(c, *positive, "in.tokens")).features());
  at::Tensor off = model::pair_logits(snapshot, features.detach(),
                                      negative->rows(rows_of(c, *negative, "in.tokens_negative")).features());
  c.compare("logits_positive", on);
  c.compare("logits_negative", off);
  auto gradients =
      gradients_of(on.pow(2).sum() + off.pow(2).sum(), {&image->weights(), &positive->weights(), &negative->weights()});
  for (const auto& [name, gradient] : gradients) {
    c.compare("grad.peft." + name, gradient);
    c.compare("grad.peft.tuner." + name, gradient);
  }
}

void run_head(Case& c) {
  std::string kind = c.config().text("head");
  at::Tensor weight = c.tensor("in.weight").clone(), features = c.on_device("in.features").clone().requires_grad_(true);
  std::unique_ptr<model::Module> head;
  if (kind == "cosine") head = model::cosine_head("weight", weight, c.config().real("scale"));
  if (kind == "linear") head = model::linear_head("head", weight, c.tensor("in.bias").clone());
  if (kind == "l2normed") head = model::l2normed_head("weight", weight);
  if (kind == "layernormed") head = model::layernormed_head("weight", weight);
  if (!head) throw UsageError(fmt::format("unknown head '{}'", kind));
  head->weights().to(c.device());
  head->weights().train_what_is_trainable();
  at::Tensor logits = head->apply({features}, true);
  c.compare("logits", logits);
  std::vector<at::Tensor> leaves{features};
  std::vector<std::string> names{"features"};
  for (model::Parameter* parameter : head->weights().trained()) {
    leaves.push_back(parameter->use);
    names.push_back(parameter->name.substr(parameter->name.find('.') + 1));
  }
  std::vector<at::Tensor> gradients = torch::autograd::grad({logits.pow(2).sum()}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) c.compare("grad." + names[i], gradients[i]);
}

}  // namespace

void run_peft(Case& c) {
  if (c.subject().starts_with("head-")) return run_head(c);
  if (c.subject() == "coop") return run_coop(c);
  if (c.subject() == "deft") return run_deft(c);
  std::vector<std::string> known = model::known_adaptations(true);
  if (std::find(known.begin(), known.end(), c.subject()) == known.end())
    throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
  run_tower(c);
}

}  // namespace winnow::golden
