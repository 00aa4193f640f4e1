// RECORDS: consistency with mixing, and confidences from which the head's opinion of the running mean feature is taken
// away. Hong et al., "Long-tailed partial label learning via dynamic rebalancing", 2023;
// docs/methods/partial-labels.md#5.12.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixing.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// CORR of one pair of views: -1/B sum over classes outside of log(|1 - p| + 1e-9), and KL(Q || z), for each view.
Tensor corr(const Tensor& weak, const Tensor& strong, const Tensor& target, const Tensor& negative) {
  auto term = [&](const Tensor& logits) {
    Tensor outside = negative * at::log((1 - at::softmax(logits, 1)).abs() + 1e-9);
    return divergence(target, logits) - outside.sum(1).mean();
  };
  return term(weak) + term(strong);
}

enum class Negatives { candidates, zero_confidence };

Negatives negatives_of(const Settings& settings) {
  return choice(settings, "negatives", {"candidates", "zero-confidence"}) == 0 ? Negatives::candidates
                                                                               : Negatives::zero_confidence;
}

// [S15] A candidate whose confidence underflows to 0 is no negative, except in the reference.
Tensor negative_classes(Negatives negatives, const Tensor& confidence, const Tensor& candidates) {
  return negatives == Negatives::candidates ? (candidates == 0).logical_and(has_candidates(candidates).unsqueeze(1))
                                            : confidence == 0;
}

class Records final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    momentum_ = settings.real("momentum");
    mix_weight_ = settings.real("mix_weight");
    epsilon_ = settings.real("confidence_epsilon");
    negatives_ = negatives_of(settings);
    setup.state("feature_mean", at::zeros({setup.width("main")}, setup.real()));
  }

  void step(Step& step) override {
    const Ids& ids = step.ids();
    Tensor candidates = step.batch_candidates(), own = confidence(step);
    Mixing mixing = draw_mixing(step, 0, ids.size());
    auto logits = [&](const Tensor& rows) { return step.apply("head", {rows}); };
    Tensor weak = step.forward("main", "weak", ids).features(), strong = step.forward("main", "strong", ids).features();
    Tensor weak_logits = logits(weak), strong_logits = logits(strong);
    Tensor mixed_weak = logits(step.forward("main", mixing.view("weak", ids)).features()),
           mixed_strong = logits(step.forward("main", mixing.view("strong", ids)).features());
    Tensor mixed = mixing.of(own), negative = negative_classes(negatives_, own, candidates);
    // A class outside of both sets; or one with no mixed confidence.
    Tensor mixed_negative = negatives_ == Negatives::candidates
                                ? negative.logical_and(negative.index_select(0, mixing.permutation.on_device()))
                                : mixed == 0;
    Tensor loss = corr(weak_logits, strong_logits, own, negative) +
                  mix_weight_ * corr(mixed_weak, mixed_strong, mixed, mixed_negative);

    // The mean starts at zero: its first value is (1 - m) times the batch's, as the cosine head does not mind.
    step.state("feature_mean").mul_(momentum_).add_((weak.detach() + strong.detach()).mean(0) / 2, 1 - momentum_);
    Tensor bias = log_bias(step);
    Tensor next = corrected(weak_logits.detach() - bias, strong_logits.detach() - bias, candidates);
    minimise(step, loss);
    set_confidence(step, next);
  }

  bool predicts_by_head() const override { return false; }
  Outputs predict(Forward& forward) override {
    Tensor logits = Classifier::predict(forward).at("logits");
    return {{"logits", logits}, {"prediction", logits - log_bias(forward)}};
  }

 private:
  // log(beta + 1e-9), 1 x C; beta: the head's bias, estimated on the running mean feature.
  template <class View>
  static Tensor log_bias(View& view) {
    at::NoGradGuard no_gradient;
    return at::log(at::softmax(view.apply("head", {view.state("feature_mean").unsqueeze(0)}), 1) + 1e-9);
  }

  // Q ~ Y sqrt(p_w p_s), the masked softmax of the mean logits. [S27] The reference adds epsilon to both of its
  // normalisers.
  Tensor corrected(const Tensor& weak, const Tensor& strong, const Tensor& candidates) const {
    if (epsilon_ == 0) return masked_softmax((weak + strong) / 2, candidates);
    Tensor mass = candidates * at::softmax(weak, 1) * at::softmax(strong, 1);
    mass = at::sqrt(mass / (mass.sum(1, true) + epsilon_));
    return mass / (mass.sum(1, true) + epsilon_);
  }

  double momentum_ = 0, mix_weight_ = 0, epsilon_ = 0;
  Negatives negatives_ = Negatives::candidates;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor negative = negative_classes(negatives_of(settings), in.at("confidence"), in.at("candidates"));
  return {{"loss", corr(in.at("logits"), in.at("logits_s"), in.at("confidence"), negative)}};
}

}  // namespace

Entry records_entry() {
  return {"records", [] { return std::unique_ptr<Method>(new Records); }, &loss_alone};
}

}  // namespace winnow::method
