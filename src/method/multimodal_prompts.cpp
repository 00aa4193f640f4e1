// Multimodal prompts: tokens of texts and of images that one transformer mixes are learned on a frozen model. Zang et
// al., "Unified vision and language prompt learning", 2022 (UPT); the modality `multimodal` of IFPL and GRIP (Menghini
// et al., 2023): docs/methods/unsupervised.md#6.2. One network has both towers: with the view "" its rows are classes.
#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

template <class View>
Tensor logits(View& view, const char* seen, const Ids& ids) {
  Tensor image = view.forward("main", seen, ids).features();
  Tensor classes = view.forward("main", "", Ids::range(0, view.classes(), view.device())).features();
  return cosine_logits(image, classes, view.logit_scale());
}

class MultimodalPrompts final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("main", TowerKind::joint);
    setup.optimiser("main", {"main"});
  }
  void step(Step& step) override {
    step.update("main", cross_entropy(logits(step, "weak", step.ids()), step.batch_given()).mean());
  }
  Outputs predict(Forward& forward) override { return {{"logits", logits(forward, "plain", forward.ids())}}; }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor logits = cosine_logits(in.at("features"), in.at("text_features"), settings.real("scale"));
  return {{"loss", cross_entropy(logits, in.at("label")).mean()}};
}

}  // namespace

Entry multimodal_prompts_entry() {
  return {"multimodal-prompts", [] { return std::unique_ptr<Method>(new MultimodalPrompts); }, &loss_alone};
}

}  // namespace winnow::method
