// CE: mean cross-entropy on the given labels, smoothed where that is asked for; with a selection of an earlier stage,
// on the selected samples of the batch. docs/methods/noisy-labels.md#6.1 and #4.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

double smoothing_of(const Settings& settings) {
  return settings.has("label_smoothing") ? settings.real("label_smoothing") : 0;
}

class CE final : public Classifier {
 public:
  void declare(Setup& setup) override { smoothing_ = smoothing_of(setup.settings()); }

  void step(Step& step) override {
    Tensor losses = smoothed_cross_entropy(logits(step), step.batch_given(), smoothing_);
    if (step.has_input("mask")) minimise(step, masked_mean(losses, step.rows_of(step.input("mask"))));
    else minimise(step, losses.mean());
  }

 private:
  double smoothing_ = 0;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor each = smoothed_cross_entropy(in.at("logits"), in.at("given"), smoothing_of(settings));
  return {{"loss", in.count("mask") ? masked_mean(each, in.at("mask")) : each.mean()}, {"each", each}};
}

}  // namespace

Entry ce_entry() {
  return {"ce", [] { return std::unique_ptr<Method>(new CE); }, &loss_alone};
}

}  // namespace winnow::method
