// `detect-train`: a detector selects the samples whose given label it believes; then a fresh model is trained on those
// alone. What stands in the sweep's table `detect` describes the first stage. docs/methods/noisy-labels.md#4.
#include "recipes.h"

namespace winnow::sweep {

namespace {

std::size_t add_detector(std::vector<Draft>& drafts, const Experiment& experiment) {
  std::string name = experiment.settings.text("detect.method");
  if (name == "label-match") return add_label_match(drafts, experiment, "detect");
  if (name == "file") return add_mask(drafts, experiment, "detect");
  Draft detect = draft_of(experiment, "detect", StageKind::detect);
  detect.stage.version = experiment.catalogue.methods.at(name).version;
  detect.stage.outputs = {Output::metrics, Output::labels, Output::selection};
  const Method& method = experiment.catalogue.methods.at(name);
  add_learner(drafts, detect, method, experiment.catalogue);
  if (method.runs_twice()) add_first_run(drafts, detect, method);
  drafts.push_back(std::move(detect));
  return drafts.size() - 1;
}

}  // namespace

std::vector<Draft> detect_train_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t detector = add_detector(drafts, experiment);
  Draft train = draft_of(experiment, "", StageKind::train);
  const Method& learner = experiment.catalogue.methods.at(experiment.method.learner);
  train.stage.settings.set("method", learner.name);
  train.stage.version = learner.version;
  train.stage.outputs = {Output::metrics, Output::labels};
  train.edges["selection"] = {detector, Output::selection};
  if (experiment.settings.has("head_init") && experiment.settings.text("head_init") == "detector") {
    drafts[detector].stage.outputs.insert(Output::weights);
    train.edges["head"] = {detector, Output::weights};
  }
  if (learner.program && learner.program->takes.count("detector-weights")) {
    drafts[detector].stage.outputs.insert(Output::weights);
    train.edges["detector"] = {detector, Output::weights};
  }
  add_learner(drafts, train, learner, experiment.catalogue);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
