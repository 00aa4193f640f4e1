// How given labels differ from the true ones, from a run file's table of pairs.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/store/run_file.h"

namespace winnow::cmd {

struct LabelNoise {
  struct Pair {
    std::int64_t truth = 0, given = 0, count = 0;
  };
  std::vector<Pair> pairs;  // that occur, by true label, then by given one
  std::int64_t samples = 0, wrong = 0, classes = 0;

  double rate() const { return samples ? static_cast<double>(wrong) / static_cast<double>(samples) : 0; }
  std::int64_t count(std::int64_t truth, std::int64_t given) const;
  std::size_t wrong_pairs() const;
  std::vector<Pair> most_frequent_wrong(std::size_t most) const;
};

// Empty of an empty table. DataError for a table without the columns true, given, count.
LabelNoise noise_of(const store::Table& confusion);

}  // namespace winnow::cmd
