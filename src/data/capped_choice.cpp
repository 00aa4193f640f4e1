#include "winnow/data/capped_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/data/pixels.h"

namespace winnow::data {

std::vector<std::int64_t> choose_capped(std::span<const std::int64_t> labels, std::int64_t classes, std::int64_t first,
                                        std::int64_t last, std::int64_t wanted, std::uint64_t seed,
                                        std::string_view purpose) {
  std::vector<std::int64_t> all = choose_samples(labels, classes, first, last, 0, seed, purpose);
  auto count = static_cast<std::int64_t>(all.size());
  if (wanted > count)
    throw UsageError(
        fmt::format("{} samples are asked for, {} are there (indices {}..{})", wanted, count, all.front(), all.back()));
  std::vector<std::int64_t> kept(static_cast<std::size_t>(classes)), chosen;
  for (std::int64_t at : Streams(seed, purpose).at(0, 0).permutation(count)) {
    if (static_cast<std::int64_t>(chosen.size()) == wanted) break;
    std::int64_t sample = all[static_cast<std::size_t>(at)];
    std::int64_t& own = kept[static_cast<std::size_t>(labels[static_cast<std::size_t>(sample)])];
    if (own * classes >= wanted) continue;
    ++own;
    chosen.push_back(sample);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace winnow::data
