// Every recipe, and the pieces that several share.
#pragma once

#include <optional>

#include "../recipe.h"

namespace winnow::sweep {

std::vector<Draft> coft_recipe(Experiment);
std::vector<Draft> detect_train_recipe(Experiment);
std::vector<Draft> distillation_recipe(Experiment);
std::vector<Draft> feature_cache_recipe(Experiment);
std::vector<Draft> file_recipe(Experiment);
std::vector<Draft> label_match_recipe(Experiment);
std::vector<Draft> prompt_members_recipe(Experiment);
std::vector<Draft> prompt_rounds_recipe(Experiment);
std::vector<Draft> text_classifier_recipe(Experiment);
std::vector<Draft> train_recipe(Experiment);
std::vector<Draft> zero_shot_recipe(Experiment);

// The settings of one stage out of an experiment's. `table` is the stage's table in the sweep ("detect"): its keys, and
// those that all stages share; "" is the stage that yields the cell: what is in no table.
Draft draft_of(const Experiment&, std::string_view table, StageKind);
// Leaves only these settings, and those below "data." and, if wanted, "labels.".
void keep_settings(Draft&, const std::set<std::string>& keys, bool labels);

void erase_setting(Draft&, const std::string& key);
// Takes labels.scores and labels.scorer.* away: of a stage that computes no scores.
void erase_scorer(Draft&);

// Gives the stage its model's weights: from the stage that pre-trains it, which is added, a downloaded snapshot, or
// none but the architecture of a model that is initialised randomly.
void add_backbone(std::vector<Draft>&, Draft& user, const std::string& model, const Catalogue&);
// Gives a stage that trains this method what the method starts from: its model's weights; or, where it is a program,
// the program, and what it takes.
void add_learner(std::vector<Draft>&, Draft& user, const Method&, const Catalogue&);
// For a method that runs twice: adds the first run, which is `user` as it stands but yields a selection, as its input
// `confident`. Settings of the first run alone stay out of the second one.
void add_first_run(std::vector<Draft>&, Draft& user, const Method&);
// Where candidate sets depend on another model's scores: `score`, and where sets are narrowed `narrow` after it, as
// inputs of `user`, whose settings keep what it reads itself. docs/methods/partial-labels.md#1.4 and #2.
void add_candidate_sets(std::vector<Draft>&, Draft& user, const Experiment&);
// score -> detect, by label match, for the settings of a table.
std::size_t add_label_match(std::vector<Draft>&, const Experiment&, std::string_view table);
// detect, by a recorded mask, for the settings of a table.
std::size_t add_mask(std::vector<Draft>&, const Experiment&, std::string_view table);

// Stages without labels (unsupervised_pieces.cpp). Each add_ returns the number of the stage that it adds last.
//
// A setting of a recipe's own, which comes from a key of the experiment.
void take_setting(Draft&, const Experiment&, const std::string& name, const std::string& key);
// Scores of the training samples by a fixed model, that of a table or of the cell's stage, on the key `prompt`.
std::size_t add_zero_shot_scores(std::vector<Draft>&, const Experiment&, std::string_view table);
// Features of all texts that the key `prompt` names, and their means by class, by the fixed model of a table.
std::size_t add_text_features(std::vector<Draft>&, const Experiment&, std::string_view table,
                              const std::string& prompt);
// The fixed model on the test split; its backbone is added, the stage itself is not.
Draft zero_shot_evaluation(std::vector<Draft>&, const Experiment&);
// Pseudo-labels from the scores of an earlier stage, by the keys `selection` and `k`, or `alpha` and `beta`.
std::size_t add_selection(std::vector<Draft>&, const Experiment&, std::size_t scores, std::int64_t round);
// For a stage that is told the true labels of the experiment's labelled images, where it has some.
void take_labelled_shots(Draft&, const Experiment&);
// Which of an experiment's draws: stages that are equal but for these have seeds of their own.
struct Draw {
  std::int64_t member, round;
};
// The cell's training, by the method or its learner, without the recipe's own keys. No outputs beside metrics, and no
// backbone, as yet.
Draft own_training(const Experiment&);
// The same training on what an earlier stage selected.
Draft trained_on(Draft, std::size_t selection, Draw);
// The cell: the average of what `members` predict, and that of `phase1` beside it. `texts`: a fixed model, one more
// member, which figures of the members alone leave out.
void add_ensemble(std::vector<Draft>&, const Experiment&, const std::vector<std::size_t>& members,
                  const std::vector<std::size_t>& phase1, const char* average,
                  std::optional<std::size_t> texts = std::nullopt);

}  // namespace winnow::sweep
