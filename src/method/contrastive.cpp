// CLIP's contrastive pre-training: images and their captions find each other within the batch. Radford et al.,
// "Learning transferable visual models from natural language supervision", 2021, figure 3.
#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/head.h"

namespace winnow::method {

namespace {

class Contrastive final : public Method {
 public:
  void setup(Setup& setup) override {
    setup.network("image", TowerKind::image);
    setup.network("text", TowerKind::text);
    setup.module("temperature", model::temperature(setup.settings().real("temperature")));
    setup.optimiser("main", {"image", "text", "temperature"});
  }

  void step(Step& step) override {
    Tensor images = step.forward("image", "plain", step.ids()).features();
    Tensor captions = step.forward("text", "caption", step.ids()).features();
    Tensor logits = step.apply("temperature", {images, captions});
    Tensor own = at::arange(logits.size(0), step.real().dtype(at::kLong));
    Tensor loss = (cross_entropy(logits, own).mean() + cross_entropy(logits.t(), own).mean()) / 2;
    step.update("main", loss);
  }

  // Zero-shot: cosines with the class prompts, one row of the text tower a class.
  Outputs predict(Forward& forward) override {
    Tensor images = forward.forward("image", "plain", forward.ids()).features();
    Ids classes = Ids::range(0, forward.classes(), forward.device());
    return {{"logits", forward.apply("temperature", {images, forward.forward("text", "", classes).features()})}};
  }
};

}  // namespace

Entry contrastive_entry() {
  return {"contrastive", [] { return std::unique_ptr<Method>(new Contrastive); }, nullptr};
}

}  // namespace winnow::method
