#include "winnow/method/prompts.h"

#include "winnow/core/error.h"

namespace winnow::method {

Tensor draw_complement(Step& step) {
  std::int64_t classes = step.classes();
  if (classes < 2) throw UsageError("a complementary label needs at least two classes");
  return step.draw("complement", 0, [&](Stream& stream) {
    Tensor other = step.batch_given_on_host().clone();
    for (std::int64_t i = 0; i < other.size(0); ++i) {
      std::int64_t& label = other.mutable_data_ptr<std::int64_t>()[i];
      label = (label + 1 + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(classes - 1)))) % classes;
    }
    return other;
  });
}

void PromptLearner::setup(Setup& setup) {
  setup.network("main", TowerKind::joint);
  setup.prompts("prompts");
  setup.optimiser("main", {"prompts"});
}

void PromptLearner::step(Step& step) {
  Tensor image = step.forward("main", "weak", step.ids(), /*grad=*/false).features();
  step.update("main", loss(step, cosine_logits(image, class_features(step, 1)[0], step.logit_scale())));
}

Outputs PromptLearner::predict(Forward& forward) {
  Tensor image = forward.forward("main", "plain", forward.ids()).features();
  return {{"logits", cosine_logits(image, class_features(forward, 1)[0], forward.logit_scale())}};
}

}  // namespace winnow::method
