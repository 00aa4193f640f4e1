// TURN: a classifier on a frozen model learns all given labels by a robust loss, and a mixture over its losses says
// which of them are clean, once. Ahn et al., "Fine-tuning pre-trained models for robustness under noisy labels"
// (arXiv 2310.17668); docs/methods/noisy-labels.md#6.8, which says what of it is not verified. What is frozen is the
// setting `adapt`: linear-probe.
#include <ATen/ATen.h>

#include "train_rule.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixture.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class Turn final : public Classifier {
 public:
  void declare(Setup& setup) override {
    const Settings& settings = setup.settings();
    bool plain = trains_by_cross_entropy(settings);
    q_ = plain ? 0 : settings.real("q");
    threshold_ = settings.real("threshold");
    setup.state("mask", at::ones({setup.samples()}, setup.real().dtype(at::kByte)), Keep::every_epoch);
    setup.state("score", at::ones({setup.samples()}, setup.real()), Keep::traced);
  }

  void step(Step& step) override { minimise(step, losses(logits(step), step.batch_given()).mean()); }

  void after_epoch(Pass& pass) override {
    if (pass.epoch() + 1 < pass.epochs()) return;
    Tensor all = losses(logits_of_all(pass, "plain"), pass.given());
    Tensor values = normalised_losses(device::to_host(all), /*half=*/false);
    Tensor components = pass.draw_on_host("init.label", 0, [&](Stream& stream) { return two_means(values, stream); });
    Mixture mixture = Mixture::fit(values, components, MixtureLimits::from(pass.settings()));
    pass.state("score").copy_(device::to_device(mixture.posterior, pass.device()));
    pass.state("mask").copy_(device::to_device(mixture.posterior > threshold_, pass.device()));
  }

 private:
  Tensor losses(const Tensor& logits, const Tensor& given) const {
    return q_ == 0 ? cross_entropy(logits, given) : generalised_cross_entropy(logits, given, q_);
  }

  double q_ = 0, threshold_ = 0;
};

}  // namespace

Entry turn_entry() {
  return {"turn", [] { return std::unique_ptr<Method>(new Turn); }};
}

}  // namespace winnow::method
