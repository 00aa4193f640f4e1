#include "winnow/method/classifier.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "winnow/method/formulas.h"

namespace winnow::method {

Tensor losses_of_all(Pass& pass, const std::string& network, const std::string& head) {
  return pass.of_all([&](const Ids& ids) {
    Tensor logits = pass.apply(head, {pass.forward(network, "plain", ids).features()});
    return cross_entropy(logits, pass.given().index_select(0, ids.on_device()));
  });
}

void Classifier::setup(Setup& setup) {
  setup.network("main", TowerKind::image);
  setup.head("head");
  declare(setup);
  setup.optimiser("main", parts());
}

Outputs Classifier::predict(Forward& forward) {
  return {{"logits", forward.apply("head", {forward.forward("main", "plain", forward.ids()).features()})}};
}

Tensor Classifier::logits(Step& step, const std::string& view, bool grad) {
  return step.apply("head", {step.forward("main", view, step.ids(), grad).features()});
}

Tensor Classifier::logits_of_all(Pass& pass, const std::string& view) {
  return pass.of_all([&](const Ids& ids) { return pass.apply("head", {pass.forward("main", view, ids).features()}); });
}

void Classifier::minimise(Step& step, const Tensor& loss) { step.update("main", loss); }

void ConfidenceClassifier::declare(Setup& setup) {
  setup.state("confidence", uniform_over(setup.candidates()), Keep::traced);
}

Tensor ConfidenceClassifier::confidence(Step& step) { return step.batch_state("confidence"); }

void ConfidenceClassifier::set_confidence(Step& step, const Tensor& rows) {
  step.set_batch_state("confidence", rows.detach());
}

Tensor ConfidenceClassifier::logits_for_confidence(Step& step, const Tensor& training, const std::string& view) {
  if (step.settings().text("conf_source") == "pre-step") return training.detach();
  at::NoGradGuard no_gradient;
  return logits(step, view, false);
}

}  // namespace winnow::method
