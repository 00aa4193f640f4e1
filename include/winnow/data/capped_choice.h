// DeFT's choice of Clothing1M: some samples, of no class more than its share. docs/methods/noisy-labels.md#8.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace winnow::data {

// Of the samples [first, last) (last 0: to the end): in an order from the counter stream of `seed` a sample is kept
// while its class has fewer than wanted / classes (a real number) and fewer than `wanted` are kept in all. So there are
// fewer than `wanted` where a class is short of samples. Ascending. UsageError where the range holds fewer.
std::vector<std::int64_t> choose_capped(std::span<const std::int64_t> labels, std::int64_t classes, std::int64_t first,
                                        std::int64_t last, std::int64_t wanted, std::uint64_t seed,
                                        std::string_view purpose);

}  // namespace winnow::data
