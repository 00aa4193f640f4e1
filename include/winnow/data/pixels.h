// A decoded data set, mapped from its cache: what trainers read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/safetensors.h"

namespace winnow::data {

struct Split {
  std::int64_t samples = 0, height = 0, width = 0, channels = 0;
  std::span<const std::uint8_t> images;          // N x H x W x channels
  std::span<const std::int64_t> labels;          // N, true labels
};

class Pixels {
 public:
  explicit Pixels(const Path& cache);            // DataError for a cache of another version or half written

  const Split& train() const { return train_; }
  const Split& test() const { return test_; }
  const std::string& fingerprint() const { return fingerprint_; }
  const std::vector<std::string>& classes() const { return classes_; }

 private:
  SafeTensors file_;
  Split train_, test_;
  std::string fingerprint_;
  std::vector<std::string> classes_;
};

// A stratified choice of `wanted` of the samples [first, last) (last 0: to the end; wanted 0: all): every class keeps its
// share, by largest remainders; which ones comes from the counter stream of `seed`. Ascending. UsageError when fewer exist.
std::vector<std::int64_t> choose_samples(std::span<const std::int64_t> labels, std::int64_t classes, std::int64_t first,
                                         std::int64_t last, std::int64_t wanted, std::uint64_t seed, std::string_view purpose);

}  // namespace winnow::data
