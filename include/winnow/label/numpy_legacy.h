// NumPy's legacy global generator (RandomState): MT19937 with Knuth initialisation, 53-bit doubles, Fisher-Yates by
// masked rejection. Reproduces the reference code's candidate sets bit for bit. docs/methods/partial-labels.md#1.6.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace winnow::label {

class NumpyLegacy {
 public:
  explicit NumpyLegacy(std::uint32_t seed) : engine_(seed) {}

  double uniform();                              // random_sample: ((a >> 5) 2^26 + (b >> 6)) / 2^53
  void shuffle(std::span<std::int64_t> values);  // from the last element down

 private:
  std::uint32_t at_most(std::uint32_t largest);  // 0..largest by masked rejection on single 32-bit outputs

  std::mt19937 engine_;
};

}  // namespace winnow::label
