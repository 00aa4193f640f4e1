// CAVL: cross-entropy with the candidate of the largest class activation value. Zhang et al., "Exploiting class
// activation value for partial-label learning", 2022; docs/methods/partial-labels.md#5.4.
#include <ATen/ATen.h>

#include <limits>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class CAVL final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    among_all_ = choice(setup.settings(), "argmax", {"candidates", "all"}) == 1;
  }

  void step(Step& step) override {
    Tensor training = logits(step);
    minimise(step, soft_cross_entropy(training, confidence(step)));
    set_confidence(step, identified(logits_for_confidence(step, training), step.batch_candidates()));
  }

 private:
  // Indicator of the largest z |1 - z|. [S7] `all`: the others take part with the value 0 and win where no candidate
  // has more.
  Tensor identified(const Tensor& logits, const Tensor& candidates) const {
    Tensor activation = logits * (1 - logits).abs();
    if (!among_all_) return guess_among(activation, candidates);
    return one_hot((activation * candidates).argmax(1), logits) * has_candidates(candidates).unsqueeze(1);
  }

  bool among_all_ = false;
};

}  // namespace

Entry cavl_entry() {
  return {"cavl", [] { return std::unique_ptr<Method>(new CAVL); },
          [](const Settings&, const Tensors& in) -> Tensors {
            return {{"loss", soft_cross_entropy(in.at("logits"), in.at("confidence"))}};
          }};
}

}  // namespace winnow::method
