// Counter-based random streams: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// A stream is a pure function of (seed, purpose, index, epoch, item): one more draw somewhere shifts nothing elsewhere,
// and any process can regenerate any sample's view.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace winnow {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

// One block of ten rounds: the published function, checked against its known-answer vectors.
PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key);

// A sequence of draws; meets std::uniform_random_bit_generator with 32-bit results. A value: copying forks nothing, it
// repeats.
class Stream {
 public:
  using result_type = std::uint32_t;

  Stream(PhiloxKey key, std::uint32_t epoch, std::uint32_t item);
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()();
  std::uint64_t bits();  // 64 random bits
  double uniform();      // [0, 1), 53 bits
  double uniform(double low, double high);
  std::uint64_t below(std::uint64_t n);  // 0..n-1 without bias; n > 0
  double normal();                       // N(0, 1), Box-Muller
  double gamma(double shape);            // unit scale, shape >= 1 (Marsaglia & Tsang, 2000)
  double beta(double a, double b);       // a, b >= 1
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  int used_ = 4;  // words of block_ already given out
};

// All streams of one purpose.
class Streams {
 public:
  Streams(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);
  Stream at(std::uint32_t epoch, std::uint32_t item) const { return Stream(key_, epoch, item); }

 private:
  PhiloxKey key_;
};

}  // namespace winnow
