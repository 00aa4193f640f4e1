// RoLT: samples near the prototype of their class are kept; after a warm-up the others learn from what an ensemble of
// the model's epochs, one of the prototypes' and the annotator say. Wei et al., "Robust long-tailed learning under
// label noise", 2021; docs/methods/noisy-labels.md#6.9.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "train_rule.h"
#include "winnow/core/error.h"
#include "winnow/method/blended_targets.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/prototype_distance.h"
#include "winnow/method/registry.h"
#include "winnow/method/weight_average.h"

namespace winnow::method {

namespace {

class RoLT final : public Classifier {
 public:
  void declare(Setup& setup) override {
    const Settings& settings = setup.settings();
    std::int64_t N = setup.samples();
    cross_entropy_ = trains_by_cross_entropy(settings);
    setup.state("mask", at::ones({N}, setup.real().dtype(at::kByte)), Keep::every_epoch);
    setup.state("score", at::zeros({N}, setup.real()), Keep::traced);
    if (cross_entropy_) return;
    warmup_epochs_ = settings.integer("warmup_epochs");
    momentum_ = settings.real("ensemble_momentum");
    shares_ = {settings.real("weights.ensemble"), settings.real("weights.prototype"), settings.real("weights.given")};
    shares_.uniform = 1 - shares_.ensemble - shares_.prototype - shares_.given;
    if (shares_.uniform < -1e-9)
      throw UsageError(fmt::format("weights.ensemble, weights.prototype and weights.given are {} together: at most 1",
                                   1 - shares_.uniform));
    setup.state("ensemble", at::zeros({N, setup.classes()}, setup.real()));
    setup.state("prototype_ensemble", at::zeros({N, setup.classes()}, setup.real()));
  }

  void before_epoch(Pass& pass) override {
    std::int64_t d = 0;
    Tensor both = pass.of_all([&](const Ids& ids) {
      Tensor features = pass.forward("main", "plain", ids).features();
      d = features.size(1);
      return at::cat({features.to(pass.real()), pass.apply("head", {features}).to(pass.real())}, 1);
    });
    auto start = [&](std::int64_t round, std::int64_t label, const Tensor&, const Tensor& values) {
      return pass.draw_on_host("init.label", round * pass.classes() + label,
                               [&](Stream& stream) { return two_means(values, stream); });
    };
    PrototypeSelection selected =
        select_near_prototypes(device::to_host(both.narrow(1, 0, d)), device::to_host(pass.given()), pass.classes(),
                               start, MixtureLimits::from(pass.settings()));
    auto put = [&](const char* state, const Tensor& value) {
      pass.state(state).copy_(device::to_device(value, pass.device()));
    };
    put("mask", selected.mask);
    put("score", selected.score);
    if (cross_entropy_) return;
    // Averages of logits from zeros on. Their correction for that start divides all of a row alike and moves no
    // argmax, so it is left out; the reference code's, which compounds, is not reproduced (B21).
    Tensor ensemble = pass.state("ensemble"), prototypes = pass.state("prototype_ensemble");
    move_towards(ensemble, both.narrow(1, d, pass.classes()), momentum_);
    move_towards(prototypes, device::to_device(selected.nearness.to(prototypes.scalar_type()), pass.device()),
                 momentum_);
  }

  void step(Step& step) override {
    Tensor own = logits(step);
    if (cross_entropy_ || step.epoch() < warmup_epochs_)
      return minimise(step, cross_entropy(own, step.batch_given()).mean());
    Tensor target =
        blended_targets(step.batch_state("ensemble").argmax(1), step.batch_state("prototype_ensemble").argmax(1),
                        step.batch_given(), step.batch_state("mask"), shares_, own);
    minimise(step, soft_cross_entropy(own, target));
  }

 private:
  bool cross_entropy_ = false;
  std::int64_t warmup_epochs_ = 0;
  double momentum_ = 0;
  TargetShares shares_;
};

}  // namespace

Entry rolt_entry() {
  return {"rolt", [] { return std::unique_ptr<Method>(new RoLT); }};
}

}  // namespace winnow::method
