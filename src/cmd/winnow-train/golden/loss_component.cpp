#include "golden/loss_component.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <vector>

#include "winnow/device/transfer.h"
#include "winnow/method/blended_targets.h"
#include "winnow/method/debiasing.h"
#include "winnow/method/fmix.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixmatch.h"

namespace winnow::golden {

namespace {

using method::Tensors;

at::Tensor mixed(const at::Tensor& target, const Tensors& in) {
  const at::Tensor& weight = in.at("mix.lambda");
  return weight * target + (1 - weight) * target.index_select(0, in.at("mix.permutation"));
}

Tensors mixup(const Settings& settings, const Tensors& in) {
  settings.real("alpha");  // of the draw, which is recorded
  const at::Tensor& logits = in.at("logits");
  at::Tensor each = method::soft_losses(logits, mixed(method::one_hot(in.at("given"), logits), in));
  return {{"loss", each.mean()}, {"each", each}};
}

Tensors negative_entropy(const Settings& settings, const Tensors& in) {
  at::Tensor logits = in.at("logits");
  if (settings.has("clamp_logits")) logits = logits.clamp_min(settings.real("clamp_logits"));
  at::Tensor each = method::negative_entropy(logits);
  return {{"loss", each.mean()}, {"each", each}};
}

Tensors mixmatch(const Settings& settings, const Tensors& in) {
  settings.real("alpha");
  double temperature = settings.real("temperature");
  std::vector<at::Tensor> guesses, refinements;
  for (const auto& [name, logits] : in) {
    if (name.starts_with("guess.u")) guesses.push_back(at::softmax(logits, 1));
    if (name.starts_with("guess.x")) refinements.push_back(at::softmax(logits, 1));
  }
  at::Tensor labelled = method::refined_targets(refinements, in.at("given"), in.at("weight"), temperature);
  at::Tensor unlabelled = method::guessed_targets(guesses, temperature);
  at::Tensor target = mixed(at::cat({labelled, labelled, unlabelled, unlabelled}), in);
  method::MixMatchLosses losses = method::mixmatch_losses(in.at("logits"), target, 2 * labelled.size(0));
  double weight =
      settings.real("lambda_u") *
      std::max(0.0, method::ramp(settings.real("epoch") - settings.real("warmup_epochs"), settings.real("rampup")));
  return {{"loss", losses.labelled + weight * losses.unlabelled + losses.penalty},
          {"labeled", losses.labelled},
          {"unlabeled", losses.unlabelled},
          {"penalty", losses.penalty},
          {"weight", at::full({1}, weight, target.options())},
          {"target.labeled", labelled},
          {"target.unlabeled", unlabelled}};
}

Tensors promix(const Settings& settings, const Tensors& in) {
  const at::Tensor &logits = in.at("logits"), &prior = in.at("prior");
  at::Tensor each =
      method::soft_losses(method::debiased_output(logits, prior, settings.real("debias_output")), in.at("target"));
  at::Tensor probability = method::debiased_probability(logits, prior, settings.real("debias_label"));
  return {{"loss", each.mean()},
          {"each", each},
          {"probability", probability},
          {"target", method::sharpened(probability, settings.real("temperature"))},
          {"prior", method::moved_prior(prior, logits, settings.real("prior_momentum"))}};
}

Tensors rolt(const Settings& settings, const Tensors& in) {
  method::TargetShares shares{settings.real("weights.ensemble"), settings.real("weights.prototype"),
                              settings.real("weights.given"), settings.real("weights.uniform")};
  at::Tensor target = method::blended_targets(in.at("ensemble"), in.at("prototype"), in.at("given"), in.at("mask"),
                                              shares, in.at("logits"));
  at::Tensor each = method::soft_losses(in.at("logits"), target);
  return {{"loss", each.mean()}, {"each", each}, {"target", target}};
}

// A mask from its recorded spectrum, and the loss of images that were mixed by it.
Tensors fmix(const Settings& settings, const Tensors& in) {
  const at::Tensor &logits = in.at("logits"), share = in.at("fmix.lambda").squeeze();
  at::Tensor ranks = method::low_frequency_ranks(device::to_host(in.at("fmix.normal")), settings.real("decay"),
                                                 device::to_host(in.at("fmix.shift")).item<double>());
  method::Mixing mixing{share, method::Ids(device::to_host(in.at("fmix.permutation")), logits.device())};
  return {{"loss", method::counted_cross_entropy(logits, mixing, in.at("target"), in.at("known"))},
          {"ranks", ranks},
          {"cells", ranks < device::to_host(share)},
          {"target", mixing.of(in.at("target"))}};
}

}  // namespace

Tensors (*component_loss(const std::string& subject))(const Settings&, const Tensors&) {
  static const std::map<std::string, Tensors (*)(const Settings&, const Tensors&)> components = {
      {"mixup", mixup}, {"negentropy", negative_entropy}, {"dividemix", mixmatch}, {"promix", promix}, {"rolt", rolt},
      {"fmix", fmix}};
  auto found = components.find(subject);
  return found == components.end() ? nullptr : found->second;
}

}  // namespace winnow::golden
