// LongReMix: DivideMix twice. The first run takes for labelled what the mixture calls clean for several epochs on end,
// and yields the largest such set; the second one starts from scratch and believes that set whatever its own mixture
// says. Cordeiro et al., "LongReMix: robust learning with high confidence samples in a noisy label environment", 2023;
// docs/methods/noisy-labels.md#6.9. Each network has a history of its own (B23); the yield is of the first one's.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "train_rule.h"
#include "winnow/method/high_confidence.h"
#include "winnow/method/registry.h"
#include "winnow/method/two_networks.h"

namespace winnow::method {

namespace {

class LongReMix final : public TwoNetworks {
 public:
  void setup(Setup& setup) override {
    const Settings& settings = setup.settings();
    second_run_ = setup.has_input("confident");
    cross_entropy_ = trains_by_cross_entropy(settings);
    require_epochs_after_warmup(setup);
    threshold_ = settings.real("threshold");
    declare_networks(setup, cross_entropy_ ? 1 : 2);
    declare_losses(setup);
    if (!cross_entropy_) declare_division(setup);
    if (second_run_) return;
    history_ = settings.integer("history");
    auto epochs =
        static_cast<std::int64_t>(std::ceil(settings.real("lookback_share") * static_cast<double>(setup.epochs())));
    lookback_from_ = std::max(first_evaluation(), setup.epochs() - std::max<std::int64_t>(1, epochs));
    for (const Net& net : nets())
      setup.state(clean_sets(net), at::zeros({history_, setup.samples()}, setup.real().dtype(at::kByte)));
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < (second_run_ ? warmup_epochs() : first_evaluation())) return;
    std::int64_t evaluations = pass.epoch() - (second_run_ ? warmup_epochs() : first_evaluation()) + 1;
    std::vector<Tensor> posteriors, sets;
    for (const Net& net : nets()) {
      Tensor posterior = device::to_device(posterior_of(pass, net, evaluations), pass.device());
      if (second_run_) posterior = confident_posterior(posterior, pass.input("confident"));
      posteriors.push_back(posterior);
      Tensor clean = posterior > threshold_;
      sets.push_back(second_run_ ? clean : lasting_set(pass, net, clean, evaluations));
    }
    for (const Net& net : nets()) {
      auto theirs = static_cast<std::size_t>(other(net).number);
      if (!cross_entropy_) set_division(pass, net, sets[theirs], posteriors[theirs]);
    }
    auto judge = static_cast<std::size_t>(second_run_ ? other(nets()[0]).number : 0);
    pass.state("score").copy_(posteriors[judge]);
    Tensor mask = pass.state("mask");
    if (second_run_ || pass.epoch() <= lookback_from_) mask.copy_(sets[judge]);
    else mask.copy_(largest_set(at::stack({mask.to(at::kBool), sets[judge]}), 2));
  }

  void step(Step& step) override {
    for (const Net& net : nets()) {
      if (cross_entropy_ || step.epoch() < warmup_epochs()) {
        learn_given(step, net);
        continue;
      }
      Tensor loss = mixmatch_loss(step, net, {"weak", "again"}, {"weak", "again"});
      if (loss.defined()) step.update(net.optimiser, loss);
    }
  }

 private:
  // The clean sets of the warm-up count, but for that of a network that has learned nothing yet.
  std::int64_t first_evaluation() const { return warmup_epochs() > 0 ? 1 : 0; }
  static std::string clean_sets(const Net& net) { return net.network + "_clean_sets"; }

  // N, bool: what was clean in all of the last `history` evaluations; in those that there were, where there are fewer.
  Tensor lasting_set(Pass& pass, const Net& net, const Tensor& clean, std::int64_t evaluations) const {
    Tensor all = pass.state(clean_sets(net));
    all.copy_(at::cat({all.narrow(0, 1, history_ - 1), clean.unsqueeze(0).to(at::kByte)}));
    std::int64_t there = std::min(history_, evaluations);
    return lasting_sets(all.narrow(0, history_ - there, there), history_)[there - 1];
  }

  bool second_run_ = false, cross_entropy_ = false;
  std::int64_t history_ = 1, lookback_from_ = 0;
  double threshold_ = 0;
};

}  // namespace

Entry longremix_entry() {
  return {"longremix", [] { return std::unique_ptr<Method>(new LongReMix); }};
}

}  // namespace winnow::method
