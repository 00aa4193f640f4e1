// ABS-MAE: the mean absolute error, averaged over the candidates. Lv et al., "On the robustness of average losses for
// partial-label learning", 2023; docs/methods/partial-labels.md#5.5.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// 1/B sum_i 1/|S_i| sum_{c in S_i} 2 (1 - p_ic)
Tensor loss(const Tensor& logits, const Tensor& candidates) {
  return (uniform_over(candidates) * 2 * (1 - at::softmax(logits, 1))).sum(1).mean();
}

class AbsMae final : public Classifier {
 public:
  void step(Step& step) override { minimise(step, loss(logits(step), step.batch_candidates())); }
};

Tensors loss_alone(const Settings&, const Tensors& in) {
  return {{"loss", loss(in.at("logits"), in.at("candidates"))}};
}

}  // namespace

Entry abs_mae_entry() {
  return {"abs-mae", [] { return std::unique_ptr<Method>(new AbsMae); }, &loss_alone};
}

}  // namespace winnow::method
