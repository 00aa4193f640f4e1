// `text-classifier`: a linear classifier is learned on texts of the classes alone (table `text`); it labels images for
// a tower that is adapted, whose own head starts as it (LaFTer). docs/methods/unsupervised.md#6.3.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> text_classifier_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t features = add_text_features(drafts, experiment, "text", "prompt");
  if (!experiment.settings.text("descriptions").empty())
    take_setting(drafts[features], experiment, "descriptions", "descriptions");
  Draft text = draft_of(experiment, "text", StageKind::train);
  text.stage.version = experiment.catalogue.method(text.stage.settings.text("method")).version;
  text.stage.outputs = {Output::metrics, Output::weights};
  text.edges["text_features"] = {features, Output::features};
  add_backbone(drafts, text, text.stage.settings.text("model"), experiment.catalogue);
  std::size_t classifier = drafts.size();
  drafts.push_back(std::move(text));

  Draft train = own_training(experiment);
  train.stage.outputs = {Output::metrics};
  train.edges["text_head"] = {classifier, Output::weights};
  add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
  drafts.push_back(std::move(train));
  return drafts;
}

}  // namespace winnow::sweep
