// The clocks of the processes. The state machines of sched get their time from here.
#pragma once

#include <chrono>

#include "winnow/sched/attempt.h"

namespace winnow::fleet {

inline sched::Time now() { return std::chrono::steady_clock::now().time_since_epoch(); }
inline double seconds(sched::Time time) { return std::chrono::duration<double>(time).count(); }

}  // namespace winnow::fleet
