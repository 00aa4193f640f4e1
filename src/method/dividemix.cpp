// DivideMix: two networks, each trained by MixMatch on what a mixture over the other one's losses calls clean and
// noisy. Li et al., "DivideMix: learning with noisy labels as semi-supervised learning", 2020;
// docs/methods/noisy-labels.md#6.5.
#include <ATen/ATen.h>

#include "winnow/method/loss_division.h"
#include "winnow/method/registry.h"
#include "winnow/method/two_networks.h"

namespace winnow::method {

namespace {

class DivideMix final : public TwoNetworks {
 public:
  void setup(Setup& setup) override {
    declare_networks(setup);
    declare_losses(setup);
    declare_division(setup);
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < warmup_epochs()) return;
    std::int64_t evaluations = pass.epoch() - warmup_epochs() + 1;
    Tensor first = posterior_of(pass, nets()[0], evaluations), second = posterior_of(pass, nets()[1], evaluations);
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
};

}  // namespace

Entry dividemix_entry() {
  return {"dividemix", [] { return std::unique_ptr<Method>(new DivideMix); }};
}

}  // namespace winnow::method
