// CE: mean cross-entropy on the given labels; with a selection of an earlier stage, on the selected samples of the batch.
// docs/methods/noisy-labels.md#6.1 and #4.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class CE final : public Classifier {
 public:
  void step(Step& step) override {
    Tensor losses = cross_entropy(logits(step), step.batch_given());
    if (step.has_input("mask"))
      minimise(step, masked_mean(losses, step.input("mask").index_select(0, step.ids())));
    else
      minimise(step, losses.mean());
  }
};

// Smoothing s moves the target to (1 - s) onehot + s / C.
Tensor smoothed(const Tensor& logits, const Tensor& given, double smoothing) {
  return (1 - smoothing) * cross_entropy(logits, given) - smoothing * at::log_softmax(logits, 1).mean(1);
}

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  double smoothing = settings.has("label_smoothing") ? settings.real("label_smoothing") : 0;
  Tensor each = smoothed(in.at("logits"), in.at("given"), smoothing);
  return {{"loss", each.mean()}, {"each", each}};
}

}  // namespace

Entry ce_entry() {
  return {"ce", [] { return std::unique_ptr<Method>(new CE); }, &loss_alone};
}

}  // namespace winnow::method
