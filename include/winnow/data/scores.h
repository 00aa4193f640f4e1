// Scores of a data set's training samples by a model that this program does not run: an N x C array that `winnow data
// scores` records under a name. Candidate sets are made and narrowed by them (labels.scores).
// docs/methods/partial-labels.md#1.4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/data/dataset.h"

namespace winnow::data {

// What labels.scores may say beside the names of recorded arrays: scores that a stage computes.
inline constexpr std::array kComputedScores = {"zero-shot", "classifier", "trained"};

struct ScoreRecord {
  std::string name, dataset;
  std::string fingerprint;  // hex; of the values and of the data set that they are of
  std::int64_t samples = 0, classes = 0;
  std::string note;  // of record_scores alone: what may be a mistake
};

// Keeps N x C logits, one row a training sample in the data set's order, in the cache folder. DataError where the shape
// is not the data set's or a value is not finite; UsageError for a name that is no file name.
ScoreRecord record_scores(const std::string& name, const Record& dataset, std::span<const double> values,
                          std::span<const std::size_t> shape);

std::vector<ScoreRecord> recorded_scores();  // by name

// The array by its fingerprint: "scores" (F64, N x C), metadata "dataset" (its fingerprint).
Path scores_path(const std::string& fingerprint);

}  // namespace winnow::data
