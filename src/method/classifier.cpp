#include "winnow/method/classifier.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"

namespace winnow::method {

namespace {

// Is the classifier a learned prompt (the key `classifier`)?
bool by_prompts(const Settings& settings) {
  return settings.has("classifier") && settings.text("classifier") == "prompts";
}

// B x C of a network's features. View: Step, Pass or Forward.
template <class View>
Tensor logits_from(View& view, const std::string& head, const Tensor& features) {
  if (by_prompts(view.settings())) return cosine_logits(features, class_features(view, 1)[0], view.logit_scale());
  return view.apply(head, {features});
}

}  // namespace

Tensor losses_of_all(Pass& pass, const std::string& network, const std::string& head) {
  return pass.of_all([&](const Ids& ids) {
    Tensor logits = logits_from(pass, head, pass.forward(network, "plain", ids).features());
    return cross_entropy(logits, pass.given().index_select(0, ids.on_device()));
  });
}

void Classifier::setup(Setup& setup) {
  bool prompts = by_prompts(setup.settings());
  setup.network("main", prompts ? TowerKind::joint : TowerKind::image);
  if (prompts) setup.prompts("prompts");
  else setup.head("head");
  declare(setup);
  std::vector<std::string> trained = parts();
  if (prompts) std::replace(trained.begin(), trained.end(), std::string("head"), std::string("prompts"));
  setup.optimiser("main", trained);
}

Outputs Classifier::predict(Forward& forward) {
  return {{"logits", logits_from(forward, "head", forward.forward("main", "plain", forward.ids()).features())}};
}

Tensor Classifier::logits(Step& step, const std::string& view, bool grad) {
  return logits_from(step, "head", step.forward("main", view, step.ids(), grad).features());
}

Tensor Classifier::logits_of_all(Pass& pass, const std::string& view) {
  return pass.of_all(
      [&](const Ids& ids) { return logits_from(pass, "head", pass.forward("main", view, ids).features()); });
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
