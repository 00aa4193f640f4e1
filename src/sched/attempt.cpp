#include "winnow/sched/attempt.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/sched/timers.h"

namespace winnow::sched {

namespace {

constexpr std::pair<FailureClass, std::string_view> kClasses[] = {
    {FailureClass::user, "user"}, {FailureClass::memory, "memory"}, {FailureClass::transient, "transient"},
    {FailureClass::hang, "hang"}, {FailureClass::lost, "lost"}, {FailureClass::protocol, "protocol"},
};

}  // namespace

std::string_view to_string(FailureClass value) {
  for (const auto& [candidate, name] : kClasses)
    if (candidate == value) return name;
  throw InternalError("a failure class outside its closed list");
}

FailureClass parse_failure_class(std::string_view text) {
  for (const auto& [value, name] : kClasses)
    if (name == text) return value;
  throw UsageError(fmt::format("unknown failure class '{}'; known: user, memory, transient, hang, lost, protocol", text));
}

Timers Timers::scaled(double factor) const {
  Timers result = *this;
  for (Time Timers::*timer : {&Timers::beat, &Timers::agent_silence, &Timers::coordinator_silence, &Timers::trainer_start,
                              &Timers::first_progress, &Timers::least_hang, &Timers::grace, &Timers::stop, &Timers::backoff,
                              &Timers::longest_backoff})
    result.*timer = std::chrono::duration_cast<Time>(result.*timer * factor);
  return result;
}

}  // namespace winnow::sched
