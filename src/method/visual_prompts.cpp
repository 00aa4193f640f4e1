// Visual prompts: tokens in front of a frozen image tower are learned, and fixed class texts classify. Menghini et al.,
// "Enhancing CLIP with CLIP", 2023, the modality `visual` of IFPL and GRIP; docs/methods/unsupervised.md#6.2. Which
// tokens, the stage says (setting visual_length).
#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class VisualPrompts final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::joint);
    setup.optimiser("main", {"main"});
  }
  void step(Step& step) override {
    Tensor image = step.forward("main", "weak", step.ids()).features();
    Tensor logits = cosine_logits(image, step.input("class_texts").to(image.scalar_type()), step.logit_scale());
    step.update("main", cross_entropy(logits, step.batch_given()).mean());
  }
  Outputs predict(Forward& forward) override {
    Tensor image = forward.forward("main", "plain", forward.ids()).features();
    return {
        {"logits", cosine_logits(image, forward.input("class_texts").to(image.scalar_type()), forward.logit_scale())}};
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor logits = cosine_logits(in.at("features"), in.at("text_features"), settings.real("scale"));
  return {{"loss", cross_entropy(logits, in.at("label")).mean()}};
}

}  // namespace

Entry visual_prompts_entry() {
  return {"visual-prompts", [] { return std::unique_ptr<Method>(new VisualPrompts); }, &loss_alone};
}

}  // namespace winnow::method
