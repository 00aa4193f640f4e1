// The order in which a stream goes through its members (method::Setup::stream). Host only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace winnow::train {

class StreamOrder {
 public:
  StreamOrder() = default;
  // members: sample ids, ascending. The order is drawn from (seed, name, epoch, cycle).
  StreamOrder(std::vector<std::int64_t> members, std::string name, std::uint64_t seed, std::int64_t epoch);

  // Of a recorded run: the members come in the order that they have here, in every cycle.
  static StreamOrder recorded(std::vector<std::int64_t> members);

  // Batch `step` of the epoch: `rows` members, or all where there are fewer; each member once before any comes again,
  // but for the step in which the order starts anew, whose rows may come from both. Any step at any time.
  std::vector<std::int64_t> batch(std::int64_t step, std::int64_t rows);

 private:
  std::vector<std::int64_t> members_;
  std::string name_;
  bool drawn_ = true;
  std::uint64_t seed_ = 0;
  std::int64_t epoch_ = 0, cycle_ = -1;
  std::vector<std::int64_t> permutation_;  // of that cycle
};

}  // namespace winnow::train
