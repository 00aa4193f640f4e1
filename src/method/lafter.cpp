// LaFTer: a linear classifier learned on descriptions of the classes labels the images for the adapted tower. Mirza et
// al., "LaFTer: label-free tuning of zero-shot classifier using language and unlabeled image collections", 2023;
// docs/methods/unsupervised.md#6.3. Two stages: lafter-text, whose samples are texts, and lafter.
#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/head.h"
#include "winnow/model/normalise.h"
#include "winnow/model/random_tensor.h"

namespace winnow::method {

namespace {

Tensor smoothed_loss(const Settings& settings, const Tensor& logits, const Tensor& label) {
  return smoothed_cross_entropy(logits, label, settings.real("label_smoothing")).mean();
}

// Each sample's features are those of a text, an input; images are for predictions, by the tower as it is.
class LaFTerText final : public Method {
 public:
  void setup(Setup& setup) override {
    noise_ = setup.settings().real("noise_std");
    std::int64_t columns = setup.input("text_features").size(1);
    double bound = 1 / std::sqrt(static_cast<double>(columns));  // as PyTorch's Linear starts
    Tensor start = setup.draw("head", 0, [&](Stream& stream) {
      return model::uniform({setup.classes(), columns}, bound, stream);
    });
    setup.network("main", TowerKind::joint);
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
    Tensor images = forward.forward("main", "plain", forward.ids()).features();
    return {{"logits", forward.apply("head", {model::normalise_rows(images)})}};
  }

 private:
  double noise_ = 0;
};

// The tower without its prompts sees one view, the text stage's head labels it; the tower with them learns that label
// from another view, by a head that starts as the text stage's, on projected features that are not normalised. States
// `mask` and `label`: the images that were seen, and the last label of each.
class LaFTer final : public Method {
 public:
  void setup(Setup& setup) override {
    const Tensor& text_head = setup.input("text_head");  // C x p
    setup.network("main", TowerKind::joint);
    setup.network_sharing("teacher", "main", TowerKind::joint);
    setup.module("head", model::linear_rows(text_head));
    setup.optimiser("main", {"main", "head"});
    setup.state("mask", at::zeros({setup.samples()}, setup.real().dtype(at::kByte)));
    setup.state("label", at::zeros({setup.samples()}, setup.real().dtype(at::kLong)));
  }

  void step(Step& step) override {
    Tensor seen = step.forward("teacher", "teacher", step.ids(), /*grad=*/false).features();
    Tensor label = at::matmul(model::normalise_rows(seen), step.input("text_head").to(seen.dtype()).t()).argmax(1);
    Tensor logits = step.apply("head", {step.forward("main", "weak", step.ids()).features()});
    step.update("main", smoothed_loss(step.settings(), logits, label));
    step.set_batch_state("mask", at::ones_like(label, at::kByte));
    step.set_batch_state("label", label);
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
