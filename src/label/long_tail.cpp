#include "winnow/label/long_tail.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "winnow/core/stream.h"

namespace winnow::label {

namespace {

template <class Shuffle>
std::vector<std::int64_t> first_of_each(std::span<const std::int64_t> truth, std::int64_t classes, double factor,
                                        Shuffle&& shuffle) {
  std::vector<std::int64_t> counts = long_tail_counts(static_cast<std::int64_t>(truth.size()), classes, factor), kept;
  for (std::int64_t c = 0; c < classes; ++c) {
    std::vector<std::int64_t> members;
    for (std::size_t i = 0; i < truth.size(); ++i)
      if (truth[i] == c) members.push_back(static_cast<std::int64_t>(i));
    shuffle(c, members);
    auto count = std::min(counts[static_cast<std::size_t>(c)], static_cast<std::int64_t>(members.size()));
    kept.insert(kept.end(), members.begin(), members.begin() + count);
  }
  return kept;
}

Split cut(const std::vector<std::int64_t>& order, double fraction) {
  auto count = static_cast<std::ptrdiff_t>(static_cast<double>(order.size()) * fraction);
  return {{order.begin(), order.begin() + count}, {order.begin() + count, order.end()}};
}

}  // namespace

std::vector<std::int64_t> long_tail_counts(std::int64_t samples, std::int64_t classes, double factor) {
  std::vector<std::int64_t> counts;
  double largest = static_cast<double>(samples) / static_cast<double>(classes);
  for (std::int64_t c = 0; c < classes; ++c) {
    double share = classes > 1 ? std::pow(factor, static_cast<double>(c) / static_cast<double>(classes - 1)) : 1;
    counts.push_back(static_cast<std::int64_t>(largest * share));
  }
  return counts;
}

std::vector<std::int64_t> long_tail(std::span<const std::int64_t> truth, std::int64_t classes, double factor,
                                    NumpyLegacy& random) {
  return first_of_each(truth, classes, factor,
                       [&](std::int64_t, std::vector<std::int64_t>& members) { random.shuffle(members); });
}

std::vector<std::int64_t> long_tail(std::span<const std::int64_t> truth, std::int64_t classes, double factor,
                                    std::uint64_t seed) {
  Streams streams(seed, "data.long-tail");
  return first_of_each(truth, classes, factor, [&](std::int64_t c, std::vector<std::int64_t>& members) {
    std::vector<std::int64_t> order =
        streams.at(0, static_cast<std::uint32_t>(c)).permutation(static_cast<std::int64_t>(members.size()));
    for (std::int64_t& position : order) position = members[static_cast<std::size_t>(position)];
    members = std::move(order);
  });
}

Split validation_split(std::int64_t samples, double fraction, NumpyLegacy& random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  return cut(order, fraction);
}

Split validation_split(std::int64_t samples, double fraction, std::uint64_t seed) {
  Split split = cut(Streams(seed, "data.validation").at(0, 0).permutation(samples), fraction);
  std::sort(split.validation.begin(), split.validation.end());
  std::sort(split.train.begin(), split.train.end());
  return split;
}

}  // namespace winnow::label
