// CRDPLL: the confidences agree with two views, non-candidates are pushed down. Wu et al., "Revisiting consistency
// regularization for deep partial label learning", 2022; docs/methods/partial-labels.md#5.7.
#include <ATen/ATen.h>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// weight [KL(Q || z_w) + KL(Q || z_s)] - 1/B sum_i sum_{c not in S_i} log(1.0000001 - p_w)
Tensor loss(const Tensor& weak, const Tensor& strong, const Tensor& confidence, const Tensor& candidates,
            double weight) {
  // A row without candidates is no row whose classes are all wrong.
  Tensor outside =
      (1 - candidates) * has_candidates(candidates).unsqueeze(1) * at::log(at::rsub(at::softmax(weak, 1), 1.0000001));
  return weight * (divergence(confidence, weak) + divergence(confidence, strong)) - outside.sum(1).mean();
}

class Crdpll final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    // [S1] Half of the run is meant; the reference counts iterations up to half the number of epochs.
    auto epochs = static_cast<double>(setup.epochs()), steps = static_cast<double>(setup.steps_per_epoch());
    ramp_steps_ = number_or_word(setup.settings(), "ramp_steps",
                                 {{"half-the-iterations", epochs * steps / 2}, {"half-the-epochs", epochs / 2}});
  }

  void step(Step& step) override {
    Tensor candidates = step.batch_candidates();
    Tensor weak = logits(step, "weak"), strong = logits(step, "strong");
    minimise(step, loss(weak, strong, confidence(step), candidates,
                        ramp(static_cast<double>(step.iteration()), ramp_steps_)));
    weak = logits_for_confidence(step, weak, "weak");
    strong = logits_for_confidence(step, strong, "strong");
    // Q ~ Y sqrt(p_w p_s), which is the masked softmax of the mean logits.
    set_confidence(step, masked_softmax((weak + strong) / 2, candidates));
  }

 private:
  double ramp_steps_ = 0;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  return {{"loss", loss(in.at("logits"), in.at("logits_s"), in.at("confidence"), in.at("candidates"),
                        settings.real("lambda"))}};
}

}  // namespace

Entry crdpll_entry() {
  return {"crdpll", [] { return std::unique_ptr<Method>(new Crdpll); }, &loss_alone};
}

}  // namespace winnow::method
