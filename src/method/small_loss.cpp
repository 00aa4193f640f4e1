// Small-loss: in each batch the samples with the smallest losses are trained on (co-teaching with one network). Han et
// al., "Co-teaching: robust training of deep neural networks with extremely noisy labels", 2018;
// docs/methods/noisy-labels.md#6.7.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/method/selections.h"

namespace winnow::method {

namespace {

class SmallLoss final : public Classifier {
 public:
  void declare(Setup& setup) override {
    setup.state("mask", at::zeros({setup.samples()}, setup.real().dtype(at::kByte)), Keep::every_epoch);
    setup.state("score", at::zeros({setup.samples()}, setup.real()));
  }

  void before_epoch(Pass& pass) override { pass.state("mask").zero_(); }

  void step(Step& step) override {
    Tensor losses = cross_entropy(logits(step), step.batch_given());
    double forget =
        forget_rate(step.epoch(), step.settings().integer("warmup_epochs"), step.settings().real("forget_rate"));
    Tensor kept = small_losses(losses.detach(), step.ids().on_device(), forget);
    step.set_batch_state("mask", kept);
    step.set_batch_state("score", -losses.detach());
    minimise(step, masked_mean(losses, kept));
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor each = cross_entropy(in.at("logits"), in.at("given"));
  Tensor kept =
      small_losses(each.detach(), at::arange(each.size(0), in.at("given").options()), settings.real("forget_rate"));
  return {{"loss", masked_mean(each, kept)}, {"each", each}, {"mask", kept}};
}

}  // namespace

Entry small_loss_entry() {
  return {"small-loss", [] { return std::unique_ptr<Method>(new SmallLoss); }, &loss_alone};
}

}  // namespace winnow::method
