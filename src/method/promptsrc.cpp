// PromptSRC: prompts of both towers learn given labels and stay close to the model without them. Khattak et al.,
// "Self-regulating prompts: foundational model adaptation without forgetting", 2023; docs/methods/unsupervised.md#6.8.
// Its average over epochs is the setting train.average.
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"
#include "winnow/method/self_regulation.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

namespace {

struct Terms {
  Tensor labels, text, image, predictions;  // weighted
  Tensor loss() const { return labels + text + image + predictions; }
};

// All of unit length.
Terms terms(const Settings& settings, const Tensor& image, const Tensor& text, const Tensor& frozen_image,
            const Tensor& frozen_text, const Tensor& label, double scale) {
  SelfRegulation own = self_regulation(image, text, frozen_image, frozen_text, label, scale);
  return {own.labels, settings.real("text_loss_weight") * own.text, settings.real("image_loss_weight") * own.image,
          own.predictions};
}

// Input class_texts: C x p, means over templates by the model as it is.
class PromptSRC final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::joint);
    setup.network_sharing("frozen", "main", TowerKind::joint);
    setup.prompts("prompts");
    setup.optimiser("main", {"main", "prompts"});
  }

  void step(Step& step) override {
    Tensor image = model::normalise_rows(step.forward("main", "weak", step.ids()).features());
    Tensor text = model::normalise_rows(class_features(step, 1)[0]);
    Tensor seen = model::normalise_rows(step.forward("frozen", "weak", step.ids(), /*grad=*/false).features());
    Tensor fixed = model::normalise_rows(step.input("class_texts").to(text.scalar_type()));
    Terms own = terms(step.settings(), image, text, seen, fixed, step.batch_given(), step.logit_scale());
    step.update("main", own.loss());
  }

  Outputs predict(Forward& forward) override {
    Tensor image = forward.forward("main", "plain", forward.ids()).features();
    return {{"logits", cosine_logits(image, class_features(forward, 1)[0], forward.logit_scale())}};
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  auto unit = [&](const char* name) { return model::normalise_rows(in.at(name)); };
  Terms own = terms(settings, unit("features"), unit("text_features"), unit("zs_features"), unit("mean_text_features"),
                    in.at("label"), settings.real("scale"));
  return {{"loss", own.loss()},
          {"loss_ce", own.labels},
          {"loss_text", own.text},
          {"loss_image", own.image},
          {"loss_kl", own.predictions}};
}

}  // namespace

Entry promptsrc_entry() {
  return {"promptsrc", [] { return std::unique_ptr<Method>(new PromptSRC); }, &loss_alone};
}

}  // namespace winnow::method
