#include "winnow/label/numpy_legacy.h"

#include <bit>
#include <utility>

namespace winnow::label {

double NumpyLegacy::uniform() {
  std::uint32_t a = static_cast<std::uint32_t>(engine_()) >> 5, b = static_cast<std::uint32_t>(engine_()) >> 6;
  return (a * 67108864.0 + b) / 9007199254740992.0;
}

std::uint32_t NumpyLegacy::at_most(std::uint32_t largest) {
  if (largest == 0) return 0;
  std::uint32_t mask = std::bit_ceil(largest + 1) - 1;
  for (;;) {
    std::uint32_t value = static_cast<std::uint32_t>(engine_()) & mask;
    if (value <= largest) return value;
  }
}

void NumpyLegacy::shuffle(std::span<std::int64_t> values) {
  for (std::size_t i = values.size(); i-- > 1;) std::swap(values[i], values[at_most(static_cast<std::uint32_t>(i))]);
}

}  // namespace winnow::label
