#include "winnow/train/stream_order.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/stream.h"

namespace winnow::train {

StreamOrder::StreamOrder(std::vector<std::int64_t> members, std::string name, std::uint64_t seed, std::int64_t epoch)
    : members_(std::move(members)), name_(std::move(name)), seed_(seed), epoch_(epoch) {}

StreamOrder StreamOrder::recorded(std::vector<std::int64_t> members) {
  StreamOrder result;
  result.members_ = std::move(members);
  result.drawn_ = false;
  return result;
}

std::vector<std::int64_t> StreamOrder::batch(std::int64_t step, std::int64_t rows) {
  auto count = static_cast<std::int64_t>(members_.size());
  rows = std::min(rows, count);
  std::vector<std::int64_t> result;
  for (std::int64_t place = step * rows; place < (step + 1) * rows; ++place) {
    if (std::int64_t cycle = place / count; drawn_ && cycle != cycle_) {
      permutation_ = Streams(seed_, fmt::format("stream.{}", name_))
                         .at(static_cast<std::uint32_t>(epoch_), static_cast<std::uint32_t>(cycle))
                         .permutation(count);
      cycle_ = cycle;
    }
    auto next = static_cast<std::size_t>(place % count);
    result.push_back(members_[drawn_ ? static_cast<std::size_t>(permutation_[next]) : next]);
  }
  return result;
}

}  // namespace winnow::train
