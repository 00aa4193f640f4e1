// SCE: cross-entropy and its reverse. Wang et al., "Symmetric cross entropy for robust learning with noisy labels",
// 2019; docs/methods/noisy-labels.md#6.3.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

Tensor losses(const Settings& settings, const Tensor& logits, const Tensor& given) {
  return symmetric_cross_entropy(logits, given, settings.real("alpha"), settings.real("beta"));
}

class SCE final : public Classifier {
 public:
  void step(Step& step) override { minimise(step, losses(step.settings(), logits(step), step.batch_given()).mean()); }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor each = losses(settings, in.at("logits"), in.at("given"));
  return {{"loss", each.mean()}, {"each", each}};
}

}  // namespace

Entry sce_entry() {
  return {"sce", [] { return std::unique_ptr<Method>(new SCE); }, &loss_alone};
}

}  // namespace winnow::method
