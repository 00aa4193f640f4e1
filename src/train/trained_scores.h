// Scores by a model that an earlier stage trained, perhaps on another data set.
#pragma once

#include "winnow/comm/collective.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// Of a stage of kind `score` with the input `trained`, the weights of a stage that trained the setting `method` with
// learned prompts: its predictions for this stage's training samples, as the test split is seen, and the texts of this
// stage's classes under its prompts (features/class_texts, normalised). Collective. DataError for a run file without
// the weights that the method trains.
Execution trained_scores(const Stage&, const Context&, comm::Collective&);

}  // namespace winnow::train
