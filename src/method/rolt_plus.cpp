// RoLT+: DivideMix, in which a sample counts as clean by its distance to the prototype of its given class instead of by
// its loss, and each class has a mixture of its own. Wei et al., "Robust long-tailed learning under label noise", 2021,
// the semi-supervised follow-up of RoLT; docs/methods/noisy-labels.md#6.9. The published code's weights of classes,
// which are off by default there, are not here.
#include <ATen/ATen.h>

#include "winnow/method/co_dividing_networks.h"
#include "winnow/method/prototype_distance.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class RoLTPlus final : public CoDividingNetworks {
 public:
  void setup(Setup& setup) override {
    require_epochs_after_warmup(setup);
    declare_networks(setup);
    declare_division(setup);
  }

 private:
  // N, on the host: that a sample belongs to the near ones of its class, by this network's features.
  Tensor clean_probability(Pass& pass, const Net& net) override {
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
