// Why the stages of a run that wait do so, in words: those of `winnow status` and of the page.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::cmd {

struct WaitingReason {
  double stages = 0;  // more than 0
  std::string why;    // "for a free slot"
};

// Of a status (winnow/fleet/status.h), whatever it holds.
std::vector<WaitingReason> waiting_reasons(const Value& status);

}  // namespace winnow::cmd
