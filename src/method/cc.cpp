// CC: minus the log of the candidates' total probability. Feng et al., "Provably consistent partial-label learning",
// 2020; docs/methods/partial-labels.md#5.1.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// 1/B sum_i [LSE_c z_ic - LSE_{c in S_i} z_ic]: cannot underflow, unlike the log of a sum of probabilities.
Tensor loss(const Tensor& logits, const Tensor& candidates) {
  // A row without candidates is ignored, like one with all.
  Tensor outside = (candidates == 0).logical_and(has_candidates(candidates).unsqueeze(1));
  Tensor inside = logits.masked_fill(outside, -kInfinity);
  return (at::logsumexp(logits, 1) - at::logsumexp(inside, 1)).mean();
}

class CC final : public Classifier {
 public:
  void step(Step& step) override { minimise(step, loss(logits(step), step.batch_candidates())); }
};

Tensors loss_alone(const Settings&, const Tensors& in) {
  return {{"loss", loss(in.at("logits"), in.at("candidates"))}};
}

}  // namespace

Entry cc_entry() {
  return {"cc", [] { return std::unique_ptr<Method>(new CC); }, &loss_alone};
}

}  // namespace winnow::method
