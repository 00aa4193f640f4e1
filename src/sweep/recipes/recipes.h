// Every recipe, and the pieces that several share.
#pragma once

#include "../recipe.h"

namespace winnow::sweep {

std::vector<Draft> detect_train_recipe(Experiment);
std::vector<Draft> label_match_recipe(Experiment);
std::vector<Draft> train_recipe(Experiment);

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
// For a method that runs twice: adds the first run, which is `user` as it stands but yields a selection, as its input
// `confident`. Settings of the first run alone stay out of the second one.
void add_first_run(std::vector<Draft>&, Draft& user, const Method&);
// Where candidate sets depend on another model's scores: `score`, and where sets are narrowed `narrow` after it, as
// inputs of `user`, whose settings keep what it reads itself. docs/methods/partial-labels.md#1.4 and #2.
void add_candidate_sets(std::vector<Draft>&, Draft& user, const Experiment&);
// score -> detect, by label match, for the settings of a table.
std::size_t add_label_match(std::vector<Draft>&, const Experiment&, std::string_view table);

}  // namespace winnow::sweep
