// DivideMix: two networks, each trained by MixMatch on what a mixture over the other one's losses calls clean and
// noisy. Li et al., "DivideMix: learning with noisy labels as semi-supervised learning", 2020;
// docs/methods/noisy-labels.md#6.5. The reference trains one network for an epoch and then the other; here both take
// every step, and an epoch has the steps of the whole training set.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/loss_division.h"
#include "winnow/method/mixing.h"
#include "winnow/method/mixmatch.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// One of the two networks, by the names of its parts. What it trains on is named after it, and comes from the other
// one.
struct Net {
  std::string network, head, optimiser;
  std::string labelled() const { return network + "_labelled"; }      // streams and states
  std::string unlabelled() const { return network + "_unlabelled"; }  //
  std::string posterior() const { return network + "_posterior"; }    // states
  std::string losses() const { return network + "_losses"; }
};
const Net kNets[] = {{"main", "head", "main"}, {"second", "second_head", "second"}};
constexpr const char* kViews[] = {"weak", "again"};

class DivideMix final : public Method {
 public:
  void setup(Setup& setup) override {
    const Settings& settings = setup.settings();
    warmup_epochs_ = settings.integer("warmup_epochs");
    average_ = settings.integer("average_epochs");
    std::int64_t N = setup.samples();
    at::TensorOptions flags = setup.real().dtype(at::kByte);
    for (const Net& net : kNets) {
      setup.network(net.network, TowerKind::image);
      setup.head(net.head);
      setup.optimiser(net.optimiser, {net.network, net.head});
      setup.state(net.losses(), at::zeros({average_, N}, setup.real()));
      setup.state(net.posterior(), at::ones({N}, setup.real()));
      setup.state(net.labelled(), at::ones({N}, flags));
      setup.state(net.unlabelled(), at::zeros({N}, flags));
      setup.stream(net.labelled(), net.labelled());
      setup.stream(net.unlabelled(), net.unlabelled());
    }
    setup.state("mask", at::ones({N}, flags), Keep::every_epoch);
    setup.state("score", at::ones({N}, setup.real()), Keep::traced);
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < warmup_epochs_) return;
    Tensor first = posterior_of(pass, kNets[0], 0), second = posterior_of(pass, kNets[1], 1);
    CoDivision clean = co_divide(first, second, pass.settings().real("threshold"));
    set_division(pass, kNets[0], clean.first, second);
    set_division(pass, kNets[1], clean.second, first);
    pass.state("mask").copy_(pass.state(kNets[0].labelled()));
    pass.state("score").copy_(pass.state(kNets[0].posterior()));
  }

  void step(Step& step) override {
    for (std::size_t k : {0, 1}) {
      const Net& net = kNets[k];
      if (step.epoch() < warmup_epochs_) {
        Tensor logits = step.apply(net.head, {step.forward(net.network, "weak", step.ids()).features()});
        step.update(net.optimiser, cross_entropy(logits, step.batch_given()).mean());
      } else {
        mixmatch(step, net, static_cast<std::int64_t>(k));
      }
    }
  }

  Outputs predict(Forward& forward) override {
    Tensor sum;
    for (const Net& net : kNets) {
      Tensor logits = forward.apply(net.head, {forward.forward(net.network, "plain", forward.ids()).features()});
      sum = sum.defined() ? sum + logits : logits;
    }
    return {{"logits", sum / 2}};
  }

 private:
  // What this network trains on, as the other one's mixture says. N each, on the host.
  static void set_division(Pass& pass, const Net& net, const Tensor& clean, const Tensor& posterior) {
    Tensor own = device::to_device(clean, pass.device());
    pass.state(net.labelled()).copy_(own);
    pass.state(net.unlabelled()).copy_(own.logical_not());
    pass.state(net.posterior()).copy_(device::to_device(posterior, pass.device()));
  }

  // N, on the host: that a label is right, by the mixture over this network's losses.
  Tensor posterior_of(Pass& pass, const Net& net, std::int64_t k) const {
    Tensor all = pass.state(net.losses());
    Tensor now = losses_of_all(pass, net.network, net.head);
    all.copy_(at::cat({all.narrow(0, 1, average_ - 1), now.unsqueeze(0)}));
    std::int64_t there = std::min(average_, pass.epoch() - warmup_epochs_ + 1);
    Tensor values = averaged_losses(device::to_host(all.narrow(0, average_ - there, there)), average_);
    Tensor components = pass.draw_on_host("init.label", k, [&](Stream& stream) { return two_means(values, stream); });
    return Mixture::fit(values, components, MixtureLimits::from(pass.settings())).posterior;
  }

  static Tensor prediction(Step& step, const Net& net, const char* view, const Ids& ids) {
    return at::softmax(step.apply(net.head, {step.forward(net.network, view, ids, /*grad=*/false).features()}), 1);
  }

  // An epoch in which nothing is called clean trains nothing.
  void mixmatch(Step& step, const Net& net, std::int64_t k) const {
    const Settings& settings = step.settings();
    Ids x = step.ids_of(net.labelled()), u = step.ids_of(net.unlabelled());
    if (x.size() == 0) return;
    double temperature = settings.real("temperature");
    std::vector<Tensor> refinements, guesses;
    {
      at::NoGradGuard no_gradient;
      for (const char* view : kViews) {
        refinements.push_back(prediction(step, net, view, x));
        for (const Net& either : kNets)
          if (u.size()) guesses.push_back(prediction(step, either, view, u));
      }
    }
    auto of = [&](const Tensor& all) { return all.index_select(0, x.on_device()); };
    Tensor labelled = refined_targets(refinements, of(step.given()), of(step.state(net.posterior())), temperature);
    std::vector<Tensor> targets = {labelled, labelled};
    Rows rows{{{kViews[0], x}, {kViews[1], x}}};
    if (u.size()) {
      Tensor guessed = guessed_targets(guesses, temperature);
      targets.insert(targets.end(), {guessed, guessed});
      rows.parts.insert(rows.parts.end(), {{kViews[0], u}, {kViews[1], u}});
    }
    Mixing mixing = draw_mixing(step, k, rows.size(), settings.real("alpha"));
    rows.partner = mixing.permutation;
    rows.weight = mixing.weight;
    Tensor logits = step.apply(net.head, {step.forward(net.network, rows).features()});
    MixMatchLosses losses = mixmatch_losses(logits, mixing.of(at::cat(targets)), 2 * x.size());
    double place = static_cast<double>(step.iteration()) / static_cast<double>(step.steps_per_epoch());
    double weight = settings.real("lambda_u") *
                    std::max(0.0, ramp(place - static_cast<double>(warmup_epochs_), settings.real("rampup")));
    step.update(net.optimiser, losses.labelled + weight * losses.unlabelled + losses.penalty);
  }

  std::int64_t warmup_epochs_ = 0, average_ = 1;
};

}  // namespace

Entry dividemix_entry() {
  return {"dividemix", [] { return std::unique_ptr<Method>(new DivideMix); }};
}

}  // namespace winnow::method
