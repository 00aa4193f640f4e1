// How long a sweep's open stages will compute, from how long those like them took.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "winnow/fleet/durations.h"
#include "winnow/sweep/plan.h"

namespace winnow::cmd {

struct TimeEstimate {
  double seconds = 0;        // of one slot, of all stages that are counted
  double longest = 0;        // of a stage
  std::size_t to_run = 0;    // stages that are not done and needed
  std::size_t unknown = 0;   // of them, those like which none has run: not counted
  std::size_t measured = 0;  // finished stages that it rests on
  // Not sooner on so many slots; about that, where stages are many.
  double makespan(std::uint32_t slots) const;
};

// Stages are alike as in a run (duration_class.h). Of many a few hundred are looked at, evenly spaced, and stand for
// the rest.
TimeEstimate time_estimate(const sweep::Plan&, const std::vector<bool>& done,
                           const std::map<std::string, fleet::Duration>&);

}  // namespace winnow::cmd
