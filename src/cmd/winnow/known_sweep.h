// A sweep as a store remembers it.
#pragma once

#include "sweep_options.h"
#include "winnow/store/known_sweeps.h"

namespace winnow::cmd {

// What the options say, so that it can be planned again from any folder, and what that plans. Stages whose identity is
// open are left out; `time` is 0.
store::KnownSweep known_sweep(const SweepOptions&, const sweep::Plan&);

// So that `winnow store` can tell whose the run files are. Worth no run's failure: what a full or read-only store
// cannot take is not remembered.
void remember(const Path& store, const SweepOptions&, const sweep::Plan&);

}  // namespace winnow::cmd
