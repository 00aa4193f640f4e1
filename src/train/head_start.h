// Starting rows of a head from the training set's features and the labels that the learner may see.
// docs/methods/partial-labels.md#3.2.
#pragma once

#include <string>

#include "image_source.h"
#include "kept_features.h"
#include "winnow/comm/collective.h"
#include "winnow/model/classifier_architecture.h"

namespace winnow::train {

// Rows of `class-mean` or `linear-probe` (C x d, normalised) on plain-view features of the tower without its
// adaptation, which computes on the context's device, in its chunks; the rows are given on the host. Given labels, or
// an earlier stage's selection of them; candidate sets S weigh each of their classes 1/|S|. Collective. UsageError for
// a class that no sample has, and for `linear-probe` on candidate sets.
at::Tensor head_rows_from_data(const std::string& head_init, const model::Snapshot&, const model::ClassifierOptions&,
                               ImageSource&, const Context&, comm::Collective&, Trial* = nullptr,
                               KeptFeatures* = nullptr);

// Starts the head where that of the earlier stage `head` ended: options.head_rows and head_bias. DataError for a run
// file without one; UsageError for one of other classes or columns.
void start_at_detector(const Path& run_file, store::Accept, const model::Snapshot&, model::ClassifierOptions&);

}  // namespace winnow::train
