#include "winnow/core/stream.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>

#include "winnow/core/hash.h"
#include "winnow/core/stream_key.h"

namespace winnow {

PhiloxCounter philox4x32_10(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < 10; ++round) {
    std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
    std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

Stream::Stream(PhiloxKey key, std::uint32_t epoch, std::uint32_t item) : key_(key), counter_{0, 0, item, epoch} {}

Stream::result_type Stream::operator()() {
  if (used_ == 4) {
    block_ = philox4x32_10(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[used_++];
}

std::uint64_t Stream::bits() {
  std::uint64_t high = (*this)();
  return high << 32 | (*this)();
}

double Stream::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double Stream::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Stream::below(std::uint64_t n) {
  // Lemire's multiplication with rejection ("Fast random integer generation in an interval", 2019).
  unsigned __int128 product = static_cast<unsigned __int128>(bits()) * n;
  if (static_cast<std::uint64_t>(product) < n) {
    std::uint64_t threshold = -n % n;
    while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<unsigned __int128>(bits()) * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Stream::normal() {
  double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double Stream::gamma(double shape) {
  double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = normal(), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (std::log1p(-uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Stream::beta(double a, double b) {
  double x = gamma(a);
  return x / (x + gamma(b));
}

std::vector<std::int64_t> Stream::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[below(static_cast<std::uint64_t>(i) + 1)]);
  return order;
}

PhiloxKey stream_key(std::uint64_t seed, std::string_view purpose, std::uint64_t index) {
  std::uint64_t h = hash_of(std::to_string(seed) + "/" + std::to_string(index) + "/" + std::string(purpose)).low;
  return {static_cast<std::uint32_t>(h), static_cast<std::uint32_t>(h >> 32)};
}

Streams::Streams(std::uint64_t seed, std::string_view purpose, std::uint64_t index)
    : key_(stream_key(seed, purpose, index)) {}

}  // namespace winnow
