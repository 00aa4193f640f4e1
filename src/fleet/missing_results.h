// What agents reported as done is looked for in the store, once, at the end of a run.
#pragma once

#include <chrono>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/sched/scheduler.h"
#include "winnow/stage/stage.h"

namespace winnow::fleet {

// Those stages that ended done here and have no run file in the store: somebody removed it, or an agent said what is
// not so. A name that is not listed is asked for, and both again for `patience`: what a network file system lists may
// be old. Nobody beats meanwhile.
std::vector<sched::StageId> missing_results(const Path& store, const sched::Scheduler&, const sched::Graph& planned,
                                            const std::vector<Identity>& identities,
                                            sched::Time patience = std::chrono::seconds(5));

}  // namespace winnow::fleet
