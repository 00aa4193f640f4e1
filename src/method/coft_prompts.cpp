// CoFT's first phase: a positive and a negative prompt and the image tower learn from pseudo-labels and from one class
// that each image is not. "Collaborative fine-tuning of vision-language models" (arXiv 2602.04337), Eqs. 4 to 6;
// docs/methods/unsupervised.md#3.3.
#include <ATen/ATen.h>

#include "settings_words.h"
#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

struct Batch {
  Tensor image;               // B x p, any length
  Tensor positive, negative;  // C x p, any length
  Tensor label, complement;   // B
};

struct Losses {
  Tensor labels, prompts;  // L1, L2
};

Losses losses(const Settings& settings, double scale, const Batch& batch) {
  bool cross = choice(settings, "neg_index", {"same", "cross"}) == 1;
  auto detached = choice(settings, "l2_grad", {"full", "no-pos-text", "deft"});  // what L2 does not train
  Tensor positive = cosine_logits(batch.image, batch.positive, scale), compared = positive;
  Tensor negative = cosine_logits(detached == 2 ? batch.image.detach() : batch.image, batch.negative, scale);
  if (detached == 1) compared = cosine_logits(batch.image, batch.positive.detach(), scale);
  if (detached == 2) compared = positive.detach();
  const Tensor &own = cross ? batch.complement : batch.label, &other = cross ? batch.label : batch.complement;
  Tensor clean = at::softplus(at_labels(negative, own) - at_labels(compared, batch.label));
  Tensor wrong = at::softplus(at_labels(compared, batch.complement) - at_labels(negative, other));
  return {cross_entropy(positive, batch.label).mean(), (clean + wrong).mean()};
}

class CoFTPrompts final : public Method {
 public:
  void setup(Setup& setup) override {
    weight_ = setup.settings().real("lambda");
    setup.network("main", TowerKind::joint);
    setup.prompts("prompts", 2);
    setup.optimiser("main", {"main", "prompts"});
  }

  void step(Step& step) override {
    Tensor image = step.forward("main", "weak", step.ids()).features(), classes = class_features(step, 2);
    Losses own = losses(step.settings(), step.logit_scale(),
                        {image, classes[0], classes[1], step.batch_given(), draw_complement(step)});
    step.update("main", own.labels + weight_ * own.prompts);
  }

  Outputs predict(Forward& forward) override {
    Tensor image = forward.forward("main", "plain", forward.ids()).features(), classes = class_features(forward, 2);
    return {{"logits", cosine_logits(image, classes[0], forward.logit_scale())},
            {"logits_neg", cosine_logits(image, classes[1], forward.logit_scale())}};
  }

 private:
  double weight_ = 0;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Losses own = losses(settings, settings.real("scale"),
                      {in.at("features"), in.at("t_pos"), in.at("t_neg"), in.at("label"), in.at("complement")});
  return {{"loss", own.labels + settings.real("lambda") * own.prompts}, {"loss1", own.labels}, {"loss2", own.prompts}};
}

}  // namespace

Entry coft_prompts_entry() {
  return {"coft-prompts", [] { return std::unique_ptr<Method>(new CoFTPrompts); }, &loss_alone};
}

}  // namespace winnow::method
