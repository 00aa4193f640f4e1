// Which samples a stage without labels was told the true labels of, in its run file. docs/methods/unsupervised.md#5.
#pragma once

namespace winnow::store {

// An array of a run file's own: places in the data set's training set, i64, N. It says what the stage was given, as
// the confusion of given labels does, and is no part of the result digest: results from before it was recorded stay
// what they are.
inline constexpr const char* kLabelledSamples = "selection/labelled";

}  // namespace winnow::store
