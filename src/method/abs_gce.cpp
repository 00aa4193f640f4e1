// ABS-GCE: the generalised cross-entropy, averaged over the candidates. Lv et al., "On the robustness of average losses
// for partial-label learning", 2023; docs/methods/partial-labels.md#5.6.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// 1/B sum_i 1/|S_i| sum_{c in S_i} (1 - p_ic^q) / q, with p^q = exp(q log p): its gradient is finite where p is 0.
Tensor loss(const Tensor& logits, const Tensor& candidates, double q) {
  return (uniform_over(candidates) * (1 - at::exp(q * at::log_softmax(logits, 1))) / q).sum(1).mean();
}

class AbsGce final : public Classifier {
 public:
  void declare(Setup& setup) override { q_ = setup.settings().real("q"); }
  void step(Step& step) override { minimise(step, loss(logits(step), step.batch_candidates(), q_)); }

 private:
  double q_ = 0;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  return {{"loss", loss(in.at("logits"), in.at("candidates"), settings.real("q"))}};
}

}  // namespace

Entry abs_gce_entry() {
  return {"abs-gce", [] { return std::unique_ptr<Method>(new AbsGce); }, &loss_alone};
}

}  // namespace winnow::method
