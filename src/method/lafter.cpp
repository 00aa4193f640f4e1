// LaFTer: a linear classifier learned on descriptions of the classes labels the images for the adapted tower. Mirza et
// al., "LaFTer: label-free tuning of zero-shot classifier using language and unlabeled image collections", 2023;
// docs/methods/unsupervised.md#6.3. Two stages: lafter-text, whose samples are texts, and lafter.
#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/head.h"
#include "winnow/model/random_tensor.h"

namespace winnow::method {

namespace {

Tensor smoothed_loss(const Settings& settings, const Tensor& logits, const Tensor& label) {
  return smoothed_cross_entropy(logits, label, settings.real("label_smoothing")).mean();
}

// Each sample's features are those of a text, an input; a tower has nothing to do.
class LaFTerText final : public Method {
 public:
  void setup(Setup& setup) override {
    noise_ = setup.settings().real("noise_std");
    std::int64_t columns = setup.input("text_features").size(1);
    double bound = 1 / std::sqrt(static_cast<double>(columns));  // as PyTorch's Linear starts
    Tensor start = setup.draw("head", 0, [&](Stream& stream) {
      return model::uniform({setup.classes(), columns}, bound, stream);
    });
    setup.module("head", model::linear_rows(start));
    setup.optimiser("main", {"head"});
  }

  void step(Step& step) override {
    Tensor texts = step.rows_of(step.input("text_features"));
    Tensor noise =
        step.draw("noise", 0, [&](Stream& stream) { return model::normal(texts.sizes(), 0, noise_, stream); });
    step.update("main", smoothed_loss(step.settings(), step.apply("head", {texts + noise}), step.batch_given()));
  }

  Outputs predict(Forward& forward) override {
    Tensor texts = forward.input("text_features").index_select(0, forward.ids().on_device());
    return {{"logits", forward.apply("head", {texts})}};
  }

 private:
  double noise_ = 0;
};

// The head starts as the text stage's, on projected features that are not normalised.
class LaFTer final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::joint);
    setup.module("head", model::linear_rows(setup.has_input("head") ? setup.input("head") : Tensor()));
    setup.optimiser("main", {"main", "head"});
  }

  void step(Step& step) override {
    Tensor logits = step.apply("head", {step.forward("main", "weak", step.ids()).features()});
    step.update("main", smoothed_loss(step.settings(), logits, step.batch_given()));
  }

  Outputs predict(Forward& forward) override {
    return {{"logits", forward.apply("head", {forward.forward("main", "plain", forward.ids()).features()})}};
  }
};

Tensors loss_of_logits(const Settings& settings, const Tensors& in) {
  return {{"loss", smoothed_loss(settings, in.at("logits"), in.at("label"))}};
}

}  // namespace

Entry lafter_entry() {
  return {"lafter", [] { return std::unique_ptr<Method>(new LaFTer); }, &loss_of_logits};
}

Entry lafter_text_entry() {
  return {"lafter-text", [] { return std::unique_ptr<Method>(new LaFTerText); }, &loss_of_logits};
}

}  // namespace winnow::method
