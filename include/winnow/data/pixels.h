// A data set's images and true labels, mapped from its cache: what trainers read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"

namespace winnow::data {

// Images are either decoded and of one size, or packed: their original files (JPEG, PNG), one behind the other.
struct Split {
  std::int64_t samples = 0, height = 0, width = 0, channels = 0;  // 0, 0, 3 where packed
  std::span<const std::uint8_t> images;                           // N x H x W x channels; empty where packed
  std::span<const std::int64_t> labels;                           // N, true labels
  std::span<const std::byte> files;
  std::span<const std::int64_t> ends;  // N: where each file ends in `files`; empty where decoded

  bool packed() const { return !ends.empty(); }
  std::span<const std::byte> file(std::int64_t sample) const {  // InternalError for a sample that is not there
    if (sample < 0 || sample >= static_cast<std::int64_t>(ends.size()))
      throw InternalError("no file of sample " + std::to_string(sample));
    auto i = static_cast<std::size_t>(sample);
    auto first = static_cast<std::size_t>(i ? ends[i - 1] : 0);
    return files.subspan(first, static_cast<std::size_t>(ends[i]) - first);
  }
};

class Pixels {
 public:
  explicit Pixels(const Path& cache);  // DataError for a cache of another version or half written

  const Split& train() const { return train_; }
  const Split& test() const { return test_; }
  const std::string& fingerprint() const { return fingerprint_; }
  const std::vector<std::string>& classes() const { return classes_; }
  std::int64_t skipped() const { return skipped_; }  // images that did not decode and were left out (corrupt = "skip")

 private:
  void read_splits(const Path& cache);

  SafeTensors file_;
  std::optional<Mapping> packed_;                         // where the images are files
  std::vector<std::int64_t> train_labels_, test_labels_;  // copied: where images end in the file, no int64 need begin
  Split train_, test_;
  std::string fingerprint_;
  std::vector<std::string> classes_;
  std::int64_t skipped_ = 0;
};

// A stratified choice of `wanted` of the samples [first, last) (last 0: to the end; wanted 0: all): every class keeps
// its share, by largest remainders; which ones comes from the counter stream of `seed`. Ascending. UsageError when
// fewer exist.
std::vector<std::int64_t> choose_samples(std::span<const std::int64_t> labels, std::int64_t classes, std::int64_t first,
                                         std::int64_t last, std::int64_t wanted, std::uint64_t seed,
                                         std::string_view purpose);

}  // namespace winnow::data
