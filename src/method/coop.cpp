// CoOp: a learned prompt on a frozen model. Zhou et al., "Learning to prompt for vision-language models", 2022;
// docs/methods/unsupervised.md#6.5. UPL, IFPL and GRIP train it on labels that they made themselves (#6.1, #6.2).
#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class CoOp final : public PromptLearner {
 public:
  Tensor loss(Step& step, const Tensor& logits) override { return cross_entropy(logits, step.batch_given()).mean(); }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor logits = cosine_logits(in.at("features"), in.at("text_features"), settings.real("scale"));
  return {{"loss", cross_entropy(logits, in.at("label")).mean()}};
}

}  // namespace

Entry coop_entry() {
  return {"coop", [] { return std::unique_ptr<Method>(new CoOp); }, &loss_alone};
}

}  // namespace winnow::method
