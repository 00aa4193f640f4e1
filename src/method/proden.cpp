// PRODEN: cross-entropy with confidences that follow the model. Lv et al., "Progressive identification of true labels
// for partial-label learning", 2020; docs/methods/partial-labels.md#5.2.
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class Proden final : public ConfidenceClassifier {
 public:
  void step(Step& step) override {
    Tensor training = logits(step);
    minimise(step, soft_cross_entropy(training, confidence(step)));
    // Only the batch's rows: the reference renormalises all N x C rows each step, which changes no other row.
    set_confidence(step, masked_softmax(logits_for_confidence(step, training), step.batch_candidates()));
  }
};

Tensors loss_alone(const Settings&, const Tensors& in) {
  return {{"loss", soft_cross_entropy(in.at("logits"), in.at("confidence"))}};
}

}  // namespace

Entry proden_entry() {
  return {"proden", [] { return std::unique_ptr<Method>(new Proden); }, &loss_alone};
}

}  // namespace winnow::method
