// What a new coordinator takes from the journal of a store.
#pragma once

#include "winnow/core/file.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

// Numbers of earlier attempts and durations of classes go into the scheduler. Returns how many damaged records were
// skipped.
std::size_t recall(const Path& store, const Work&, sched::Scheduler&);

}  // namespace winnow::fleet
