// POP: PRODEN, and candidate sets that are purified after every epoch. Xu et al., "Progressive purification for
// instance- dependent partial label learning", 2023; docs/methods/partial-labels.md#5.8.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class POP final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    window_ = settings.integer("window");
    warmup_epochs_ = settings.integer("warmup_epochs");
    increase_ = settings.real("inc");
    at_first_step_ = choice(settings, "hook", {"epoch-end", "first-step"}) == 1;
    cumulative_ = choice(settings, "purify", {"cumulative", "from-original"}) == 0;
    setup.state("candidates", setup.candidates(), Keep::traced);
    setup.state("ring", at::zeros({window_, setup.samples(), setup.classes()}, setup.real()));
    setup.state("theta", at::full({}, settings.real("theta"), setup.real().dtype(at::kDouble)), Keep::traced);
    setup.state("cleared", at::zeros({}, setup.real().dtype(at::kLong)));  // entries, over all purifications
  }

  void step(Step& step) override {
    Tensor training = logits(step);
    minimise(step, soft_cross_entropy(training, confidence(step)));
    Tensor allowed = step.batch_state("candidates");
    set_confidence(step, masked_softmax(logits_for_confidence(step, training), allowed));
    if (!at_first_step_) return;
    // [S3] The reference's hook: the first step of what it takes for an epoch.
    std::int64_t visits = std::max<std::int64_t>(1, step.samples() / step.batch());
    if (step.iteration() % visits == 0) purify(step, step.iteration() / visits);
  }

  void after_epoch(Pass& pass) override {
    if (!at_first_step_) purify(pass, pass.epoch());
  }

 private:
  // view: a Step or a Pass.
  template <class View>
  void purify(View& view, std::int64_t epoch) const {
    at::NoGradGuard no_gradient;
    Tensor confidence = view.state("confidence"), current = view.state("candidates"), theta = view.state("theta");
    Tensor ring = view.state("ring");
    ring.select(0, epoch % window_).copy_(confidence);
    if (epoch < warmup_epochs_) return;
    Tensor mean = uniform_over(ring.mean(0));
    Tensor before = cumulative_ ? current : view.candidates();
    // The largest entry of a row always stays, for theta < 1.
    Tensor low = mean / mean.amax({1}, /*keepdim=*/true) < theta;
    Tensor cleared = low.logical_and(before > 0).sum();
    Tensor purified = before * low.logical_not();
    confidence.copy_(uniform_over(mean * purified));
    if (cumulative_) current.copy_(purified);
    view.state("cleared").add_(cleared);
    auto few = 1e-4 * static_cast<double>(view.samples()) * static_cast<double>(view.classes());
    theta.mul_(1 + increase_ * (cleared < few).logical_and(theta < 0.4).to(at::kDouble));
  }

  std::int64_t window_ = 1, warmup_epochs_ = 0;
  double increase_ = 0;
  bool at_first_step_ = false, cumulative_ = true;
};

}  // namespace

Entry pop_entry() {
  return {"pop", [] { return std::unique_ptr<Method>(new POP); },
          [](const Settings&, const Tensors& in) -> Tensors {
            return {{"loss", soft_cross_entropy(in.at("logits"), in.at("confidence"))}};
          }};
}

}  // namespace winnow::method
