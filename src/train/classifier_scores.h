// Scores by a model's own classifier: the generators of instance-dependent candidate sets.
// docs/methods/partial-labels.md#1.4, [S14].
#pragma once

#include "winnow/train/execute.h"

namespace winnow::train {

// Logits of all training samples (settings scorer, model, mode, chunk, view, seed). UsageError for a classifier of
// another number of classes.
Execution classifier_scores(const Stage&, const Context&, comm::Collective&);

}  // namespace winnow::train
