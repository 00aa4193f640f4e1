// The head that a run trained.
#pragma once

#include "winnow/model/library_model.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

// From a run file's weights; undefined where it keeps none. A tower may have a classifier of its own of the name `head`
// (timm's): then the stage's is called head.head.weight.
model::TrainedHead trained_head(const store::RunContent&);

}  // namespace winnow::train
