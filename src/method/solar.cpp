// SoLar: pseudo-labels by optimal transport between samples and classes whose prior is estimated; small losses of each
// class are trained on them. Wang et al., "SoLar: Sinkhorn label refinery for imbalanced partial-label learning", 2022;
// docs/methods/partial-labels.md#5.11.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/contrast.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixing.h"
#include "winnow/method/quota.h"
#include "winnow/method/registry.h"
#include "winnow/method/transport.h"

namespace winnow::method {

namespace {

class SoLar final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    warmup_epochs_ = settings.real("warmup_epochs");
    power_ = settings.real("sinkhorn_power");
    rounds_ = settings.integer("sinkhorn_rounds");
    eta_ = settings.real("eta");
    rho_start_ = settings.real("rho_start");
    rho_end_ = settings.real("rho_end");
    tau_ = settings.real("tau");
    prior_momentum_ = settings.real("prior_momentum");
    updated_ = choice(settings, "targets", {"updated", "uniform"}) == 0;
    // [D2] The reference's 64 rows cannot take a larger batch.
    auto length = static_cast<std::int64_t>(number_or_word(
        settings, "queue_length", {{"64-or-batch", static_cast<double>(std::max<std::int64_t>(64, setup.batch()))}}));
    auto classes = static_cast<double>(setup.classes());
    setup.state("prior", at::full({setup.classes()}, 1 / classes, setup.real()), Keep::traced);
    setup.state("queue", at::zeros({length, setup.classes()},
                                   setup.real().dtype(at::kDouble)));       // logarithms of masked predictions
    setup.state("queued", at::zeros({1}, setup.real().dtype(at::kLong)));   // rows seen
    setup.state("selected", at::zeros({}, setup.real().dtype(at::kLong)));  // samples trained on pseudo-labels, so far
  }

  void step(Step& step) override {
    double progress = ramp(static_cast<double>(step.epoch()), warmup_epochs_);
    double eta = eta_ * progress, rho = rho_start_ + (rho_end_ - rho_start_) * progress;
    const Ids& ids = step.ids();
    Tensor candidates = step.batch_candidates(), own = confidence(step), weak = logits(step), now = weak.detach();
    Tensor target = refined(step, now, candidates);
    Tensor uniform_losses = soft_losses(weak, own), target_losses = soft_losses(weak, target);

    Tensor loss;
    if (step.epoch() < 1) {
      loss = uniform_losses.mean();
    } else {
      Tensor some = has_candidates(candidates);
      Tensor selected = smallest_per_class(target_losses.detach(), target.argmax(1), some, step.state("prior"), rho)
                            .logical_or((target * at::softmax(now, 1)).sum(1) > tau_);
      step.state("selected").add_(selected.sum());
      // The one look from the host: how many rows the next forwards have.
      Ids chosen = Ids::where(selected);
      if (chosen.size() == 0) {
        loss = uniform_losses.mean();
      } else {
        Tensor strong = step.apply("head", {step.forward("main", "strong", ids.select(chosen)).features()});
        loss = eta * (target_losses.index_select(0, chosen.on_device()).mean() +
                      soft_cross_entropy(strong, target.index_select(0, chosen.on_device())) +
                      mixed_loss(step, "head", 0, chosen, target)) +
               (1 - eta) * masked_mean(uniform_losses, selected.logical_not());
      }
    }
    minimise(step, loss);
    // [S4] The reference reads a copy of the confidences that is never updated.
    if (updated_) set_confidence(step, masked_softmax(now, candidates));
  }

  // r <- (1 - m) r + m share of each class among the guesses for all samples.
  void after_epoch(Pass& pass) override {
    const Tensor& candidates = pass.candidates();
    Tensor guess = logits_of_all(pass, "weak").masked_fill(candidates == 0, -kInfinity).argmax(1);
    Tensor counts = at::zeros({pass.classes()}, pass.real());
    counts.index_add_(0, guess, has_candidates(candidates).to(counts.scalar_type()));
    pass.state("prior").mul_(1 - prior_momentum_).add_(counts / static_cast<double>(pass.samples()), prior_momentum_);
  }

 private:
  // The batch's rows of the plan over [queue, batch]; the queue takes part once it is full. Afterwards the batch enters
  // it.
  Tensor refined(Step& step, const Tensor& logits, const Tensor& candidates) const {
    at::NoGradGuard no_gradient;
    Tensor queue = step.state("queue"), queued = step.state("queued");
    Tensor own = at::log_softmax(logits.to(at::kDouble), 1).masked_fill(candidates == 0, -kInfinity);
    Tensor full = (queued >= queue.size(0)).expand({queue.size(0)}), all = at::ones({own.size(0)}, full.options());
    Tensor plan = transport_plan(at::cat({queue, own}), at::cat({full, all}), step.state("prior"), power_, rounds_);
    push_front(queue, own);
    queued.add_(own.size(0));
    return plan.narrow(0, queue.size(0), own.size(0)).to(logits.scalar_type());
  }

  double warmup_epochs_ = 0, power_ = 0, eta_ = 0, rho_start_ = 0, rho_end_ = 0, tau_ = 0, prior_momentum_ = 0;
  std::int64_t rounds_ = 0;
  bool updated_ = true;
};

}  // namespace

Entry solar_entry() {
  return {"solar", [] { return std::unique_ptr<Method>(new SoLar); }, nullptr};
}

}  // namespace winnow::method
