// The few images whose labels a run was told, as CoOp's users keep them. docs/methods/unsupervised.md#7.
#pragma once

#include "winnow/core/file.h"

namespace winnow::cmd {

// A JSON list of places in the data set's training set, ascending. UsageError where the run trained on more than
// data.shots of each class, and where the file is there already.
void write_shot_list(const Path& run, const Path& list);

}  // namespace winnow::cmd
