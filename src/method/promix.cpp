// ProMix: of each class the samples with the smallest losses, and whoever the network is sure of, are learned with
// their given labels; the others teach a head of their own what the networks guess. Xiao et al., "ProMix: combating
// label noise via maximizing clean sample utility", 2023; docs/methods/noisy-labels.md#6.9. Each network has its own
// losses (B24). Images are mixed whole (mixup) and, where `fmix` says so, by masks of their pixels.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "train_rule.h"
#include "winnow/method/classifier.h"
#include "winnow/method/debiasing.h"
#include "winnow/method/fmix.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixing.h"
#include "winnow/method/mixmatch.h"
#include "winnow/method/progressive_selection.h"
#include "winnow/method/registry.h"
#include "winnow/method/two_networks.h"

namespace winnow::method {

namespace {

// States and modules of a network.
std::string base_of(const Net& net) { return net.network + "_base"; }
std::string prior_of(const Net& net) { return net.network + "_prior"; }
std::string pseudo_head_of(const Net& net) { return net.number == 0 ? "pseudo_head" : "second_pseudo_head"; }

class ProMix final : public TwoNetworks {
 public:
  void setup(Setup& setup) override {
    const Settings& settings = setup.settings();
    cross_entropy_ = trains_by_cross_entropy(settings);
    require_epochs_after_warmup(setup);
    rho_start_ = settings.real("rho_start");
    rho_end_ = settings.real("rho_end");
    ramp_ = settings.integer("ramp");
    tau_ = settings.real("tau");
    if (cross_entropy_) declare_networks(setup, 1);
    else declare_own(setup);
    for (const Net& net : nets()) setup.state(base_of(net), at::ones({setup.samples()}, setup.real().dtype(at::kByte)));
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < warmup_epochs()) return;
    double rho = selected_share(rho_start_, rho_end_, pass.epoch() - warmup_epochs(), ramp_);
    for (const Net& net : nets()) {
      Tensor losses = losses_of_all(pass, net.network, net.head);
      pass.state(base_of(net)).copy_(small_losses_of_classes(losses, pass.given(), pass.classes(), rho));
      if (net.number == 0) pass.state("score").copy_((-losses).exp());
    }
    pass.state("mask").copy_(pass.state(base_of(nets()[0])));
  }

  void step(Step& step) override {
    if (step.epoch() < warmup_epochs()) {
      for (const Net& net : nets()) warm_up(step, net);
    } else if (cross_entropy_) {
      const Net& net = nets()[0];
      Tensor own = logits(step, net, "weak", step.ids());
      select(step, net, own.detach());
      step.update(net.optimiser, cross_entropy(own, step.batch_given()).mean());
    } else {
      learn(step);
    }
  }

 private:
  void declare_own(Setup& setup) {
    const Settings& settings = setup.settings();
    alpha_ = settings.real("alpha");
    temperature_ = settings.real("temperature");
    debias_output_ = settings.real("debias_output");
    debias_label_ = settings.real("debias_label");
    prior_momentum_ = settings.real("prior_momentum");
    lambda_u_ = settings.real("lambda_u");
    rampup_ = settings.real("rampup");
    entropy_weight_ = settings.real("entropy_weight");
    fmix_ = settings.flag("fmix");
    double epochs = settings.real("agreement") * static_cast<double>(setup.epochs());
    agreement_from_ = static_cast<double>(setup.epochs()) - epochs;
    declare_networks(setup, 2, [&](const Net& net) {
      setup.head(pseudo_head_of(net));
      return std::vector<std::string>{pseudo_head_of(net)};
    });
    auto classes = static_cast<double>(setup.classes());
    for (const Net& net : nets()) setup.state(prior_of(net), at::full({setup.classes()}, 1 / classes, setup.real()));
  }

  // Both heads learn all given labels.
  void warm_up(Step& step, const Net& net) const {
    if (cross_entropy_) return learn_given(step, net);
    Tensor features = step.forward(net.network, "weak", step.ids()).features();
    Tensor own = step.apply(net.head, {features}), pseudo = step.apply(pseudo_head_of(net), {features});
    Tensor loss = cross_entropy(own, step.batch_given()).mean() + cross_entropy(pseudo, step.batch_given()).mean();
    if (entropy_weight_ > 0) loss = loss + entropy_weight_ * negative_entropy(own).mean();
    step.update(net.optimiser, loss);
  }

  // B, bool: the batch's samples that the network takes for clean. Those of the first one are the method's selection.
  Tensor select(Step& step, const Net& net, const Tensor& own) const {
    Tensor sure = at_labels(at::softmax(own, 1), step.batch_given());
    Tensor clean = step.batch_state(base_of(net)).to(at::kBool).logical_or(matched_confidence(sure, tau_));
    if (net.number == 0) {
      step.set_batch_state("mask", clean.to(at::kByte));
      step.set_batch_state("score", sure);
    }
    return clean;
  }

  void learn(Step& step) const {
    std::vector<Tensor> own, unbiased, clean;
    {
      at::NoGradGuard no_gradient;
      for (const Net& net : nets()) {
        own.push_back(logits(step, net, "weak", step.ids(), /*grad=*/false));
        Tensor prior = step.state(prior_of(net));
        unbiased.push_back(debiased_probability(own.back(), prior, debias_label_));
        clean.push_back(select(step, net, own.back()));
        prior.copy_(moved_prior(prior, own.back(), prior_momentum_));
      }
    }
    Tensor guessed = guessed_targets(unbiased, temperature_), given = one_hot(step.batch_given(), guessed);
    Tensor agreed = agreed_by(step, own);
    for (const Net& net : nets()) {
      const Tensor& mine = clean[static_cast<std::size_t>(net.number)];
      Tensor label = at::where(agreed.unsqueeze(1), one_hot(own[0].argmax(1), guessed), guessed);
      Tensor target = at::where(mine.unsqueeze(1), given, label);
      update(step, net, target, mine.logical_or(agreed).to(target.scalar_type()));
    }
  }

  // B, bool: in the last part of the run, whose label both networks guess alike and surely. It counts as known, and is
  // no part of the selection.
  Tensor agreed_by(const Step& step, const std::vector<Tensor>& own) const {
    Tensor alike = own[0].argmax(1) == own[1].argmax(1);
    if (static_cast<double>(step.epoch()) < agreement_from_) return at::zeros_like(alike);
    for (const Tensor& logits : own) alike = alike.logical_and(at::softmax(logits, 1).amax(1) > tau_);
    return alike;
  }

  void update(Step& step, const Net& net, const Tensor& target, const Tensor& known) const {
    Rows rows{{{"weak", step.ids()}, {"strong", step.ids()}}};
    Mixing mixing = draw_mixing(step, net.number, rows.size(), alpha_);
    rows.partner = mixing.permutation;
    rows.weight = mixing.weight;
    Tensor features = step.forward(net.network, rows).features();
    Tensor output = debiased_output(step.apply(net.head, {features}), step.state(prior_of(net)), debias_output_);
    Tensor pseudo = step.apply(pseudo_head_of(net), {features});
    Tensor targets = at::cat({target, target}), counts = at::cat({known, known});
    Tensor loss = counted_cross_entropy(output, mixing, targets, counts);
    if (fmix_) loss = loss + ramp_after_warmup(step, static_cast<double>(ramp_)) * mask_loss(step, net, target, known);
    double weight = lambda_u_ * ramp_after_warmup(step, rampup_);
    step.update(net.optimiser, loss + weight * counted_cross_entropy(pseudo, mixing, targets, 1 - counts));
  }

  // Of weakly seen images mixed by masks, against the likeliest labels of what is known of them.
  Tensor mask_loss(Step& step, const Net& net, const Tensor& target, const Tensor& known) const {
    Rows rows{{{"weak", step.ids()}}};
    MaskMixing mixing = draw_mask_mixing(step, net.number, rows.size());
    rows.partner = mixing.labels.permutation;
    rows.weight = mixing.cells;
    Tensor own = step.apply(net.head, {step.forward(net.network, rows).features()});
    Tensor output = debiased_output(own, step.state(prior_of(net)), debias_output_);
    return counted_cross_entropy(output, mixing.labels, one_hot(target.argmax(1), target), known);
  }

  bool cross_entropy_ = false, fmix_ = false;
  std::int64_t ramp_ = 0;
  double rho_start_ = 0, rho_end_ = 0, tau_ = 1, alpha_ = 1, temperature_ = 1, debias_output_ = 0, debias_label_ = 0,
         prior_momentum_ = 0, lambda_u_ = 0, rampup_ = 0, entropy_weight_ = 0, agreement_from_ = 0;
};

}  // namespace

Entry promix_entry() {
  return {"promix", [] { return std::unique_ptr<Method>(new ProMix); }};
}

}  // namespace winnow::method
