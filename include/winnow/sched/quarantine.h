// Quarantine: an agent, or a slot of one, gets no stages for a while, because different ones failed there one after the
// other while others worked. What failed there does not count against the stages.
#pragma once

#include <algorithm>
#include <cstdint>

#include "winnow/sched/timers.h"

namespace winnow::sched {

constexpr std::uint32_t kQuarantineFailures = 3;  // of different stages

// Of the one after so many `earlier` ones.
inline Time quarantine_length(const Timers& timers, std::uint32_t earlier) {
  return timers.quarantine * (1 << std::min<std::uint32_t>(earlier, 10));
}

}  // namespace winnow::sched
