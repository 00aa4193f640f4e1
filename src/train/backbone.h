// The model that a stage begins with.
#pragma once

#include "winnow/model/snapshot.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// The snapshot that the context names; or where settings `architecture.*` describe a tower, one that is initialised
// randomly, from the seed.
model::Snapshot backbone_of(const Stage&, const Context&);

// The tower that an earlier stage (the input `classifier`) trained from random initialisation, its head as the
// classifier of `classes` classes. DataError for a run file that holds another one.
model::Snapshot trained_classifier(const Stage&, const Context&, std::int64_t classes);

}  // namespace winnow::train
