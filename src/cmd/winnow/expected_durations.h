// How long the stages of a run will take, from those like them that have run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/fleet/durations.h"
#include "winnow/fleet/work.h"

namespace winnow::cmd {

struct ExpectedDurations {
  std::vector<double> seconds;         // by class of the work
  std::size_t kinds = 0, guessed = 0;  // classes of open stages; of these, those of which none has run
  std::size_t stages = 0;              // finished ones that it rests on
};

// A class of which none has run takes `otherwise`, or is guessed from its size and the pace of those that have. None:
// nothing is known, and there is no `otherwise`.
std::optional<ExpectedDurations> expected_durations(const fleet::Work&, const std::map<std::string, fleet::Duration>&,
                                                    std::optional<double> otherwise = {});

// "what 3 of 4 kinds of stages took here (54 stages); the others guessed from their size"
std::string basis(const ExpectedDurations&);

}  // namespace winnow::cmd
