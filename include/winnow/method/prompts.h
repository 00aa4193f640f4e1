// What methods with learned prompts share: class features, labels that are not the given ones, and one prompt on a
// frozen tower.
// docs/methods/noisy-labels.md#2.1 and #3.2; docs/methods/unsupervised.md#3.3.
#pragma once

#include <ATen/ATen.h>

#include "winnow/method/method.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::method {

// Rows of network `prompts`: contexts x C x p, of any length. View: Step, Pass or Forward.
template <class View>
Tensor class_features(View& view, std::int64_t contexts) {
  Ids rows = Ids::range(0, contexts * view.classes(), view.device());
  Tensor features = view.forward("prompts", "", rows).features();
  return features.view({contexts, view.classes(), features.size(1)});
}

// B, int64: for each given label one of the other classes, uniformly, anew in every step. One class has no other:
// UsageError.
Tensor draw_complement(Step&);

// A learned prompt on a frozen image tower: networks `main` (joint) and `prompts`, of which the prompt is trained.
class PromptLearner : public Method {
 public:
  void setup(Setup&) override;
  void step(Step&) override;
  Outputs predict(Forward&) override;

 protected:
  virtual Tensor loss(Step&, const Tensor& logits) = 0;  // logits: B x C
};

}  // namespace winnow::method
