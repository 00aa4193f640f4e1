// LWS: leveraged weights on the sigmoid losses of candidates and others. Wen et al., "Leveraged weighted loss for
// partial label learning", 2021; docs/methods/partial-labels.md#5.3.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// 1/B sum_i [sum_{c in S} Q sigma(-z) + weight sum_{c not in S} Q sigma(z)]
Tensor loss(const Tensor& logits, const Tensor& confidence, const Tensor& candidates, double weight) {
  Tensor wanted = confidence * candidates * at::sigmoid(-logits);
  Tensor unwanted = confidence * (1 - candidates) * has_candidates(candidates).unsqueeze(1) * at::sigmoid(logits);
  return (wanted + weight * unwanted).sum(1).mean();
}

// [S26] The reference adds epsilon a class to the normaliser: where a side's whole mass is near it, its weights vanish.
Tensor share(const Tensor& logits, const Tensor& mask, double epsilon) {
  if (epsilon == 0) return masked_softmax(logits, mask);
  Tensor mass = at::softmax(logits, 1) * mask;
  return mass / (mass.sum(1, true) + epsilon * static_cast<double>(mask.size(1)));
}

class LWS final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    weight_ = setup.settings().real("lw_weight");
    epsilon_ = setup.settings().real("confidence_epsilon");
    auto classes = static_cast<double>(setup.classes());
    setup.state("confidence", at::full({setup.samples(), setup.classes()}, 1 / classes, setup.real()), Keep::traced);
  }

  void step(Step& step) override {
    Tensor candidates = step.batch_candidates(), training = logits(step);
    minimise(step, loss(training, confidence(step), candidates, weight_));
    Tensor now = logits_for_confidence(step, training);
    set_confidence(step, share(now, candidates, epsilon_) + share(now, 1 - candidates, epsilon_));
  }

 private:
  double weight_ = 0, epsilon_ = 0;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  return {{"loss", loss(in.at("logits"), in.at("confidence"), in.at("candidates"), settings.real("lw_weight"))}};
}

}  // namespace

Entry lws_entry() {
  return {"lws", [] { return std::unique_ptr<Method>(new LWS); }, &loss_alone};
}

}  // namespace winnow::method
