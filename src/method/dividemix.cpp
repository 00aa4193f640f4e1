// DivideMix: two networks, each trained by MixMatch on what a mixture over the other one's losses calls clean and
// noisy. Li et al., "DivideMix: learning with noisy labels as semi-supervised learning", 2020;
// docs/methods/noisy-labels.md#6.5.
#include "winnow/method/co_dividing_networks.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class DivideMix final : public CoDividingNetworks {
 public:
  void setup(Setup& setup) override {
    declare_networks(setup);
    declare_losses(setup);
    declare_division(setup);
  }

 private:
  Tensor clean_probability(Pass& pass, const Net& net) override {
    return posterior_of(pass, net, pass.epoch() - warmup_epochs() + 1);
  }
};

}  // namespace

Entry dividemix_entry() {
  return {"dividemix", [] { return std::unique_ptr<Method>(new DivideMix); }};
}

}  // namespace winnow::method
