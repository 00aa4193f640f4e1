// RoLT+: DivideMix, in which a sample counts as clean by its distance to the prototype of its given class instead of by
// its loss, and each class has a mixture of its own. Wei et al., "Robust long-tailed learning under label noise", 2021,
// the semi-supervised follow-up of RoLT; docs/methods/noisy-labels.md#6.9. The published code's weights of classes,
// which are off by default there, are not here.
#include <ATen/ATen.h>

#include "winnow/method/loss_division.h"
#include "winnow/method/prototype_distance.h"
#include "winnow/method/registry.h"
#include "winnow/method/two_networks.h"

namespace winnow::method {

namespace {

class RoLTPlus final : public TwoNetworks {
 public:
  void setup(Setup& setup) override {
    require_epochs_after_warmup(setup);
    declare_networks(setup);
    declare_division(setup);
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < warmup_epochs()) return;
    Tensor first = nearness_of(pass, nets()[0]), second = nearness_of(pass, nets()[1]);
    CoDivision clean = co_divide(first, second, pass.settings().real("threshold"));
    set_division(pass, nets()[0], clean.first, second);
    set_division(pass, nets()[1], clean.second, first);
    pass.state("mask").copy_(pass.state(nets()[0].labelled()));
    pass.state("score").copy_(pass.state(nets()[0].posterior()));
  }

  void step(Step& step) override {
    for (const Net& net : nets()) {
      if (step.epoch() < warmup_epochs()) {
        learn_given(step, net);
        continue;
      }
      Tensor loss = mixmatch_loss(step, net, {"weak", "again"}, {"weak", "again"});
      if (loss.defined()) step.update(net.optimiser, loss);
    }
  }

 private:
  // N, on the host: that a sample belongs to the near ones of its class, by this network's features.
  static Tensor nearness_of(Pass& pass, const Net& net) {
    Tensor features =
        pass.of_all([&](const Ids& ids) { return pass.forward(net.network, "plain", ids).features().to(pass.real()); });
    constexpr std::int64_t kRounds = 2;
    auto start = [&](std::int64_t round, std::int64_t label, const Tensor&, const Tensor& values) {
      return pass.draw_on_host("init.label", (net.number * kRounds + round) * pass.classes() + label,
                               [&](Stream& stream) { return two_means(values, stream); });
    };
    return select_near_prototypes(device::to_host(features), device::to_host(pass.given()), pass.classes(), start,
                                  MixtureLimits::from(pass.settings()))
        .posterior;
  }
};

}  // namespace

Entry rolt_plus_entry() {
  return {"rolt-plus", [] { return std::unique_ptr<Method>(new RoLTPlus); }};
}

}  // namespace winnow::method
