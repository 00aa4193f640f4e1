// A state as bytes: equal bytes, equal state.
#pragma once

#include <algorithm>
#include <string>

#include "winnow/core/hash.h"
#include "winnow/sched/attempt.h"
#include "winnow/sched/timers.h"

namespace winnow::sched {

class StateBytes {
 public:
  StateBytes(Time now, const Timers& timers)
      : now_(now), horizon_(std::max({timers.first_progress, timers.trainer_start, timers.coordinator_silence,
                                      timers.agent_silence, timers.least_hang, timers.stop, timers.longest_backoff}) +
                            timers.beat) {
    bytes_.reserve(256);
  }

  template <class Number>
  StateBytes& add(Number number) {
    for (auto rest = static_cast<std::uint64_t>(number);; rest >>= 7) {
      bytes_ += static_cast<char>(rest < 128 ? rest : (rest & 127) | 128);
      if (rest < 128) return *this;
    }
  }
  StateBytes& add(const Hash128& print) {
    bytes_.append(reinterpret_cast<const char*>(&print), sizeof print);
    return *this;
  }
  StateBytes& add(Attempt attempt) { return add(attempt.stage).add(attempt.number); }
  // How long ago, or ahead; all that is longer ago than any timer is the same.
  StateBytes& add(Time time) { return add(std::clamp(now_ - time, -horizon_, horizon_).count() + horizon_.count()); }
  template <class Range>
  StateBytes& add_all(const Range& range) {
    add(range.size());
    for (const auto& entry : range) add(entry);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  Time now_, horizon_;
  std::string bytes_;
};

}  // namespace winnow::sched
