#include "winnow/sched/attempt.h"

#include "winnow/core/words.h"
#include "winnow/sched/timers.h"

namespace winnow::sched {

namespace {

constexpr Words<FailureClass>::Entry kClassWords[] = {
    {FailureClass::user, "user"}, {FailureClass::memory, "memory"}, {FailureClass::transient, "transient"},
    {FailureClass::hang, "hang"}, {FailureClass::lost, "lost"},     {FailureClass::protocol, "protocol"},
};
constexpr Words<FailureClass> kClasses("failure class", kClassWords);

}  // namespace

std::string_view to_string(FailureClass value) { return kClasses.name(value); }
FailureClass parse_failure_class(std::string_view text) { return kClasses.parse(text); }

Timers Timers::scaled(double factor) const {
  Timers result = *this;
  for (Time Timers::*timer :
       {&Timers::beat, &Timers::agent_silence, &Timers::coordinator_silence, &Timers::lease_silence,
        &Timers::stale_names, &Timers::join, &Timers::trainer_start, &Timers::first_progress, &Timers::least_hang,
        &Timers::grace, &Timers::stop, &Timers::avoid, &Timers::backoff, &Timers::longest_backoff, &Timers::quarantine})
    result.*timer = std::chrono::duration_cast<Time>(result.*timer * factor);
  return result;
}

}  // namespace winnow::sched
