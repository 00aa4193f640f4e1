// A sweep as a store remembers it.
#pragma once

#include "sweep_options.h"
#include "winnow/store/known_sweeps.h"

namespace winnow::cmd {

// What the options say, so that it can be planned again from any folder, and what that plans. Stages whose identity is
// open are left out; `time` is 0.
store::KnownSweep known_sweep(const SweepOptions&, const sweep::Plan&);

}  // namespace winnow::cmd
