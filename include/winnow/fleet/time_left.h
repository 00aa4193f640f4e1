// How long a run will still take: from what is known of the classes of stages that are still open.
#pragma once

#include <optional>
#include <vector>

#include "winnow/sched/scheduler.h"

namespace winnow::fleet {

struct TimeLeft {
  double seconds = 0;
  std::size_t kinds = 0;    // classes of open stages whose durations are known
  std::size_t guessed = 0;  // open stages of classes without a known duration: guessed from their size
};

// A stage that runs now. `share`: what of it is done, 0 to 1, where its trainer reported it.
struct Running {
  sched::ClassId kind = 0;
  double elapsed = 0;  // seconds
  std::optional<double> share;
};

// `outlook` and `sizes` are by class: `sizes` is the amount of work in one stage of it, in any unit that is the same
// for all classes. A class that no run has finished yet is predicted from a stage of it that runs and reported how far
// it is, else from its size and the pace of the classes that are known. Stages fill all slots, but the end is not
// before the longest of them; which waits for which is not looked at. None while nothing is known, or where there is no
// slot.
std::optional<TimeLeft> time_left(const std::vector<sched::Scheduler::Outlook>& outlook,
                                  const std::vector<double>& sizes, const std::vector<Running>& running, double slots);

}  // namespace winnow::fleet
