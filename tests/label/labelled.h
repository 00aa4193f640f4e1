// True labels to make noise from, and what tests ask of the result.
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "winnow/label/noise.h"

namespace winnow::label {

// Sample i has class i mod C.
inline Labels balanced_truth(std::int64_t samples, std::int64_t classes) {
  Labels truth(static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = static_cast<std::int64_t>(i) % classes;
  return truth;
}

inline double share_wrong(const Labels& truth, const Labels& given) {
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) wrong += given[i] != truth[i];
  return static_cast<double>(wrong) / static_cast<double>(truth.size());
}

// Of a share of so many independent samples.
inline double three_errors(double share, std::size_t samples) {
  return 3 * std::sqrt(share * (1 - share) / static_cast<double>(samples));
}

inline std::int64_t sum_of(const Marks& marks) { return std::accumulate(marks.begin(), marks.end(), std::int64_t{0}); }

inline std::vector<std::int64_t> counts_of(const Labels& truth, const Marks& marks, std::int64_t classes) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < truth.size(); ++i) counts[static_cast<std::size_t>(truth[i])] += marks[i];
  return counts;
}

}  // namespace winnow::label
