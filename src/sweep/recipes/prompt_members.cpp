// `prompt-members`: several prompts are learned on the same zero-shot labels and their predictions averaged (UPL).
// docs/methods/unsupervised.md#6.1.
#include "recipes.h"

namespace winnow::sweep {

std::vector<Draft> prompt_members_recipe(Experiment experiment) {
  std::vector<Draft> drafts;
  std::size_t zero_shot = add_zero_shot_scores(drafts, experiment, "");
  std::size_t selection = add_selection(drafts, experiment, zero_shot, /*round=*/1);
  std::vector<std::size_t> members;
  for (std::int64_t member = 1; member <= experiment.settings.integer("members"); ++member) {
    Draft train = trained_on(own_training(experiment), selection, {member, 1});
    train.stage.settings.set("train.batches", "selected");
    train.stage.outputs = {Output::metrics, Output::predictions};
    add_backbone(drafts, train, train.stage.settings.text("model"), experiment.catalogue);
    members.push_back(drafts.size());
    drafts.push_back(std::move(train));
  }
  add_ensemble(drafts, experiment, members, {}, "logits");
  return drafts;
}

}  // namespace winnow::sweep
