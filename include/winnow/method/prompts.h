// What methods with learned prompts share: cosines of images with classes, and labels that are not the given ones.
// docs/methods/noisy-labels.md#2.1 and #3.2; docs/methods/unsupervised.md#3.3.
#pragma once

#include <ATen/ATen.h>

#include "winnow/method/method.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

// Unit rows of network `prompts`: contexts x C x p. View: Step, Pass or Forward.
template <class View>
Tensor class_features(View& view, std::int64_t contexts) {
  Ids rows = Ids::range(0, contexts * view.classes(), view.device());
  Tensor features = view.forward("prompts", "", rows).features();
  return model::normalise_rows(features).view({contexts, view.classes(), features.size(1)});
}

// B x C: the model's scale times the cosines of image features (B x p, any length) with unit class features (C x p).
inline Tensor cosines(double scale, const Tensor& image, const Tensor& classes) {
  return scale * at::matmul(model::normalise_rows(image), classes.t());
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
