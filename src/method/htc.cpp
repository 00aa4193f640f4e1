// HTC: a head classifier for the frequent classes and a tail classifier for the rare ones, fused by an attention. Jia
// et al., "Long-tailed partial label learning by head classifier and tail classifier cooperation", 2024;
// docs/methods/partial-labels.md#5.13.
#include <ATen/ATen.h>

#include <cmath>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixing.h"
#include "winnow/method/quota.h"
#include "winnow/method/registry.h"
#include "winnow/model/random_tensor.h"

namespace winnow::method {

namespace {

// Share of each class in confidences: C.
Tensor prior_of(const Tensor& confidence) {
  Tensor sum = confidence.sum();
  return confidence.sum(0) / sum.masked_fill(sum == 0, 1);
}

// apply({probabilities of two classifiers, B x 2C}) -> their two scores, B x 2: p weight^T + bias, as PyTorch's Linear
// starts.
class Attention final : public model::Module {
 public:
  explicit Attention(const model::ModulePlace& place)
      : weight_(add(place, "weight", 2 * place.classes)), bias_(add(place, "bias", 1)) {}

  std::int64_t width() const override { return 2; }
  Tensor apply(const std::vector<Tensor>& inputs, bool) override {
    return at::linear(inputs.at(0), weight_->use, bias_->use);
  }

 private:
  model::Parameter* add(const model::ModulePlace& place, const std::string& part, std::int64_t columns) {
    double bound = 1 / std::sqrt(2 * static_cast<double>(place.classes));
    Tensor start = place.initial(part, [&](const Streams& s) { return model::uniform_rows(2, columns, bound, s); });
    return weights_.add(place.name + "." + part, part == "bias" ? start.view({2}) : start, true);
  }

  model::Parameter *weight_, *bias_;
};

std::unique_ptr<model::Module> attention(const model::ModulePlace& place) { return std::make_unique<Attention>(place); }

class HTC final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    ramp_epochs_ = number_or_word(settings, "ramp_epochs", {{"all", static_cast<double>(setup.epochs())}});
    eta_ = settings.real("eta");
    alpha_start_ = settings.real("alpha_start");
    alpha_end_ = settings.real("alpha_end");
    fusion_weight_ = settings.real("fusion_weight");
    mu_ = settings.real("mu");
    trained_attention_ = choice(settings, "attention", {"trained", "frozen"}) == 0;
    updated_ = choice(settings, "targets", {"updated", "uniform"}) == 0;
    setup.head("tail");
    setup.module("attention", &attention);
    setup.state("prior", at::zeros({setup.classes()}, setup.real()), Keep::traced);
    setup.state("selected", at::zeros({}, setup.real().dtype(at::kLong)));  // samples of both branches, so far
  }

  // [S5] The reference freezes everything and forgets the attention when it trains again.
  std::vector<std::string> parts() const override {
    return trained_attention_ ? std::vector<std::string>{"main", "head", "tail", "attention"}
                              : std::vector<std::string>{"main", "head", "tail"};
  }

  void before_epoch(Pass& pass) override { pass.state("prior").copy_(prior_of(pass.state("confidence"))); }

  void step(Step& step) override {
    Batch batch{step.batch_candidates(),
                confidence(step),
                step.forward("main", "weak", step.ids()).features(),
                {},
                ramp(static_cast<double>(step.epoch()), ramp_epochs_)};
    if (step.epoch() >= 1) batch.strong = step.forward("main", "strong", step.ids()).features();
    Tensor head = step.apply("head", {batch.weak}), tail = step.apply("tail", {batch.weak}),
           prior = step.state("prior");
    // A class that no sample can have has the prior 0, and is no target.
    Tensor tail_target = at::softmax((head.detach() - 2 * at::log(prior)).masked_fill(prior == 0, -kInfinity), 1)
                             .masked_fill(prior == 0, 0);
    auto classes = static_cast<double>(step.classes());
    Tensor fused = fuse(step, head, tail, prior);
    Tensor loss = branch(step, batch, "head", 0, head, batch.confidence, prior) +
                  branch(step, batch, "tail", 1, tail, tail_target, at::full_like(prior, 1 / classes)) -
                  fusion_weight_ * batch.ramp * (batch.confidence * at::log(fused + 1e-8)).sum(1).mean();
    minimise(step, loss);
    set_confidence(step, (1 - mu_) * batch.confidence + mu_ * masked_softmax(tail.detach(), batch.candidates));
  }

  bool predicts_by_head() const override { return false; }
  Outputs predict(Forward& forward) override {
    Tensor features = forward.forward("main", "plain", forward.ids()).features();
    Tensor head = forward.apply("head", {features}), tail = forward.apply("tail", {features});
    Tensor prior = prior_of(updated_ ? forward.state("confidence") : uniform_over(forward.candidates()));
    return {{"logits", head}, {"logits_tail", tail}, {"prediction", fuse(forward, head, tail, prior)}};
  }

 private:
  struct Batch {
    Tensor candidates, confidence, weak, strong;  // strong: features of the other view, from epoch 1 on
    double ramp;
  };

  // One classifier's loss. target: what the selected samples learn; prior: the shares of the quotas.
  Tensor branch(Step& step, const Batch& batch, const std::string& module, std::int64_t index, const Tensor& logits,
                const Tensor& target, const Tensor& prior) const {
    Tensor loss = soft_cross_entropy(logits, updated_ ? batch.confidence : uniform_over(batch.candidates));
    if (step.epoch() < 1) return loss;
    Tensor losses = soft_losses(logits.detach(), target), some = has_candidates(batch.candidates);
    double alpha = alpha_start_ + (alpha_end_ - alpha_start_) * batch.ramp;
    Tensor selected = smallest_per_class(losses, target.argmax(1), some, prior, alpha);
    step.state("selected").add_(selected.sum());
    // The host looks once a branch: the mixed forward has as many rows as were chosen.
    Ids chosen = Ids::where(selected);
    Tensor strong = step.apply(module, {batch.strong.index_select(0, chosen.on_device())});
    return loss + eta_ * batch.ramp *
                      (soft_cross_entropy(strong, target.index_select(0, chosen.on_device())) +
                       mixed_loss(step, module, index, chosen, target));
  }

  // softmax(v1 p1 + v2 p2) of the classifiers' probabilities; only the attention gets a gradient.
  template <class View>
  static Tensor fuse(View& view, const Tensor& head, const Tensor& tail, const Tensor& prior) {
    Tensor p1 = at::softmax(head.detach() - at::log(prior + 1e-5), 1), p2 = at::softmax(tail.detach(), 1);
    Tensor v = at::softmax(at::leaky_relu(view.apply("attention", {at::cat({p1, p2}, 1)}), 0.01), 1);
    v = v / at::linalg_vector_norm(v, 2, at::IntArrayRef{1}, true);
    return at::softmax(v.narrow(1, 0, 1) * p1 + v.narrow(1, 1, 1) * p2, 1);
  }

  double ramp_epochs_ = 0, eta_ = 0, alpha_start_ = 0, alpha_end_ = 0, fusion_weight_ = 0, mu_ = 0;
  bool trained_attention_ = true, updated_ = true;
};

}  // namespace

Entry htc_entry() {
  return {"htc", [] { return std::unique_ptr<Method>(new HTC); }, nullptr};
}

}  // namespace winnow::method
