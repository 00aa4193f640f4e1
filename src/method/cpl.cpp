// CPL: a learned prompt on candidate pseudo-labels, each with a weight. Zhang et al., "Candidate pseudolabel learning:
// enhancing vision-language models by prompt tuning with unlabeled data", 2024; docs/methods/unsupervised.md#6.4.
#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// -log sum_c weight_c p_c, batch mean. A row without weights costs nothing.
Tensor candidate_loss(const Tensor& logits, const Tensor& weight) {
  Tensor some = weight.sum(1) > 0, none = some.logical_not().unsqueeze(1).expand_as(weight);
  Tensor terms = at::log_softmax(logits, 1) + weight.masked_fill(none, 1).log();
  return -(at::logsumexp(terms, 1) * some).mean();
}

class CPL final : public PromptLearner {
 public:
  Tensor loss(Step& step, const Tensor& logits) override {
    return candidate_loss(logits, step.rows_of(step.input("weight")));
  }
};

Tensors loss_alone(const Settings&, const Tensors& in) {
  return {{"loss", candidate_loss(in.at("logits"), in.at("weight"))}};
}

}  // namespace

Entry cpl_entry() {
  return {"cpl", [] { return std::unique_ptr<Method>(new CPL); }, &loss_alone};
}

}  // namespace winnow::method
