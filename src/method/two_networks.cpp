#include "winnow/method/two_networks.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/loss_division.h"
#include "winnow/method/mixing.h"
#include "winnow/method/mixmatch.h"

namespace winnow::method {

namespace {

const Net kNets[] = {{0, "main", "head", "main"}, {1, "second", "second_head", "second"}};

}  // namespace

void TwoNetworks::require_epochs_after_warmup(const Setup& setup) {
  std::int64_t warmup = setup.settings().integer("warmup_epochs");
  if (warmup >= setup.epochs())
    throw UsageError(fmt::format("warmup_epochs = {}: of {} epochs none is left in which samples are selected", warmup,
                                 setup.epochs()));
}

std::span<const Net> TwoNetworks::nets() const { return std::span(kNets).first(static_cast<std::size_t>(count_)); }

const Net& TwoNetworks::other(const Net& net) const { return kNets[count_ == 1 ? net.number : 1 - net.number]; }

void TwoNetworks::declare_networks(Setup& setup, std::int64_t count,
                                   const std::function<std::vector<std::string>(const Net&)>& further) {
  count_ = count;
  warmup_epochs_ = setup.settings().integer("warmup_epochs");
  for (const Net& net : nets()) {
    setup.network(net.network, TowerKind::image);
    setup.head(net.head);
    std::vector<std::string> parts = {net.network, net.head};
    if (further)
      for (std::string& part : further(net)) parts.push_back(std::move(part));
    setup.optimiser(net.optimiser, parts);
  }
  setup.state("mask", at::ones({setup.samples()}, setup.real().dtype(at::kByte)), Keep::every_epoch);
  setup.state("score", at::ones({setup.samples()}, setup.real()), Keep::traced);
}

void TwoNetworks::declare_division(Setup& setup) {
  const Settings& settings = setup.settings();
  temperature_ = settings.real("temperature");
  alpha_ = settings.real("alpha");
  lambda_u_ = settings.real("lambda_u");
  rampup_ = settings.real("rampup");
  at::TensorOptions flags = setup.real().dtype(at::kByte);
  for (const Net& net : nets()) {
    setup.state(net.posterior(), at::ones({setup.samples()}, setup.real()));
    setup.state(net.labelled(), at::ones({setup.samples()}, flags));
    setup.state(net.unlabelled(), at::zeros({setup.samples()}, flags));
    setup.stream(net.labelled(), net.labelled());
    setup.stream(net.unlabelled(), net.unlabelled());
  }
}

void TwoNetworks::declare_losses(Setup& setup) {
  average_ = setup.settings().integer("average_epochs");
  for (const Net& net : nets()) setup.state(net.losses(), at::zeros({average_, setup.samples()}, setup.real()));
}

Outputs TwoNetworks::predict(Forward& forward) {
  Tensor sum;
  for (const Net& net : nets()) {
    Tensor own = forward.apply(net.head, {forward.forward(net.network, "plain", forward.ids()).features()});
    sum = sum.defined() ? sum + own : own;
  }
  return {{"logits", count_ == 1 ? sum : sum / static_cast<double>(count_)}};
}

Tensor TwoNetworks::logits(Step& step, const Net& net, const std::string& view, const Ids& ids, bool grad) {
  return step.apply(net.head, {step.forward(net.network, view, ids, grad).features()});
}

Tensor TwoNetworks::prediction(Step& step, const Net& net, const std::string& view, const Ids& ids) {
  at::NoGradGuard no_gradient;
  return at::softmax(logits(step, net, view, ids, /*grad=*/false), 1);
}

void TwoNetworks::learn_given(Step& step, const Net& net) {
  step.update(net.optimiser, cross_entropy(logits(step, net, "weak", step.ids()), step.batch_given()).mean());
}

void TwoNetworks::set_division(Pass& pass, const Net& net, const Tensor& labelled, const Tensor& posterior) {
  Tensor own = device::to_device(labelled, pass.device());
  pass.state(net.labelled()).copy_(own);
  pass.state(net.unlabelled()).copy_(own.logical_not());
  pass.state(net.posterior()).copy_(device::to_device(posterior, pass.device()));
}

Tensor TwoNetworks::posterior_of(Pass& pass, const Net& net, std::int64_t evaluations) const {
  Tensor all = pass.state(net.losses());
  Tensor now = losses_of_all(pass, net.network, net.head);
  all.copy_(at::cat({all.narrow(0, 1, average_ - 1), now.unsqueeze(0)}));
  std::int64_t there = std::min(average_, evaluations);
  Tensor values = averaged_losses(device::to_host(all.narrow(0, average_ - there, there)), average_);
  Tensor components =
      pass.draw_on_host("init.label", net.number, [&](Stream& stream) { return two_means(values, stream); });
  return Mixture::fit(values, components, MixtureLimits::from(pass.settings())).posterior;
}

double TwoNetworks::ramp_after_warmup(const Step& step, double length) const {
  double place = static_cast<double>(step.iteration()) / static_cast<double>(step.steps_per_epoch());
  return std::max(0.0, ramp(place - static_cast<double>(warmup_epochs_), length));
}

Tensor TwoNetworks::mixmatch_loss(Step& step, const Net& net, const std::vector<std::string>& seen,
                                  const std::vector<std::string>& mixed) const {
  Ids x = step.ids_of(net.labelled()), u = step.ids_of(net.unlabelled());
  if (x.size() == 0) return {};
  std::vector<Tensor> refinements, guesses;
  for (const std::string& view : seen) {
    refinements.push_back(prediction(step, net, view, x));
    for (const Net& either : nets())
      if (u.size()) guesses.push_back(prediction(step, either, view, u));
  }
  auto of = [&](const Tensor& all) { return all.index_select(0, x.on_device()); };
  Tensor labelled = refined_targets(refinements, of(step.given()), of(step.state(net.posterior())), temperature_);
  Tensor guessed = u.size() ? guessed_targets(guesses, temperature_) : Tensor();
  std::vector<Tensor> targets;
  Rows rows;
  auto add = [&](const Ids& ids, const Tensor& target) {
    for (const std::string& view : mixed) {
      rows.parts.emplace_back(view, ids);
      targets.push_back(target);
    }
  };
  add(x, labelled);
  std::int64_t labelled_rows = rows.size();
  if (u.size()) add(u, guessed);
  Mixing mixing = draw_mixing(step, net.number, rows.size(), alpha_);
  rows.partner = mixing.permutation;
  rows.weight = mixing.weight;
  Tensor own = step.apply(net.head, {step.forward(net.network, rows).features()});
  MixMatchLosses losses = mixmatch_losses(own, mixing.of(at::cat(targets)), labelled_rows);
  return losses.labelled + lambda_u_ * ramp_after_warmup(step, rampup_) * losses.unlabelled + losses.penalty;
}

}  // namespace winnow::method
