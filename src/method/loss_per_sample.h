// Classifiers that minimise one loss a sample, a function of its logits and its given label alone: CE, SCE, GCE. With a
// selection of an earlier stage, the mean is over the selected samples of the batch (docs/methods/noisy-labels.md#4).
#pragma once

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

using LossPerSample = Tensor (*)(const Settings&, const Tensor& logits, const Tensor& given);  // B x C and B -> B

template <LossPerSample losses>
class MinimisesLossPerSample final : public Classifier {
 public:
  void step(Step& step) override {
    Tensor each = losses(step.settings(), logits(step), step.batch_given());
    minimise(step, step.has_input("mask") ? masked_mean(each, step.rows_of(step.input("mask"))) : each.mean());
  }
};

template <LossPerSample losses>
Tensors loss_per_sample_alone(const Settings& settings, const Tensors& in) {
  Tensor each = losses(settings, in.at("logits"), in.at("given"));
  return {{"loss", in.count("mask") ? masked_mean(each, in.at("mask")) : each.mean()}, {"each", each}};
}

template <LossPerSample losses>
Entry loss_per_sample_entry(const char* name) {
  return {name, [] { return std::unique_ptr<Method>(new MinimisesLossPerSample<losses>); },
          &loss_per_sample_alone<losses>};
}

}  // namespace winnow::method
