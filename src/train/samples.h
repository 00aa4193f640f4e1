// Which samples a stage works on: the first part of a stage's line, samples -> labels -> views -> model -> method ->
// loop (docs/design.md#13). From settings data.* and what an earlier stage kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "earlier_labels.h"
#include "oracle.h"
#include "winnow/core/settings.h"
#include "winnow/data/pixels.h"
#include "winnow/label/numpy_legacy.h"

namespace winnow::train {

// Indices into the data set's splits, int64, on the host. `validation` is held out of the training set and may be
// empty.
struct Samples {
  at::Tensor train, validation, test;
  // The generator that chose them, where there was one: under the law numpy-legacy candidate sets continue its draws.
  std::optional<label::NumpyLegacy> after_choice;
  std::uint64_t choice_seed = 0;
  bool few = false;  // data.shots of each class: a batch may be larger than all of them

  // "train", "validation", "test"; "scored": the training samples, seen as the test split's are.
  const at::Tensor& of(const std::string& split) const;
};

// `shot_list`: the content of the list that data.shot_list names, where that is known. UsageError for a validation
// split without samples; DataError where the earlier stage's candidate sets are of others.
Samples choose_samples(const Settings&, const data::Pixels&, const EarlierLabels&, const std::string& shot_list);

// All of another data set's test split that the settings take, and nothing of its training set.
Samples further_test_samples(const Settings&, const data::Pixels&);
// All of another data set's test split, which is a validation part.
Samples validation_samples(const data::Pixels&);

// Few samples of each class, without replacement: places among `labels` (N, int64), ascending. The same for the same
// labels and seed, whoever asks. UsageError in terms of `key` for a class of fewer. docs/methods/unsupervised.md#7.
std::vector<std::int64_t> draw_shots(const at::Tensor& labels, const std::vector<std::string>& class_names,
                                     std::int64_t shots, std::uint64_t seed, const char* key);

// Of all three.
Oracle true_labels(const data::Pixels&, const Samples&);

}  // namespace winnow::train
