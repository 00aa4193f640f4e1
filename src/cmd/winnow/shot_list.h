// The few images whose labels a run was told, as CoOp's users keep them. docs/methods/unsupervised.md#7.
#pragma once

#include <vector>

#include "winnow/core/file.h"

namespace winnow::cmd {

// A JSON list of places in the data set's training set, ascending: of the images of data.shots that the run trained on,
// of those of labelled_shots that it was told of, or else of those that the runs were told of that it builds on, on its
// own data set, as far as they lie in its store or in `stores`. UsageError where there is none, where these runs were
// told of different ones, and where the file is there already.
void write_shot_list(const Path& run, const std::vector<Path>& stores, const Path& list);

}  // namespace winnow::cmd
