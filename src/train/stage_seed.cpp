#include "stage_seed.h"

#include <fmt/format.h>

#include "winnow/core/hash.h"

namespace winnow::train {

std::uint64_t stage_seed(const Settings& settings) {
  std::int64_t seed = settings.integer("seed");
  if (!settings.has("member")) return static_cast<std::uint64_t>(seed);
  return hash_of(fmt::format("{} member {} round {}", seed, settings.integer("member"), settings.integer("round")))
      .high;
}

}  // namespace winnow::train
