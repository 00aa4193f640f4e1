// What a new coordinator takes from the journal of a store.
#pragma once

#include <cstdint>
#include <map>

#include "journal.h"
#include "winnow/core/file.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

// Numbers of earlier attempts and durations of classes go into the scheduler, into `peaks` the most that a stage of a
// class has held of a device: a million records in about a second (tests/bench/journal_bench.cpp). Returns what of the
// journal was damaged.
Journal::Replayed recall(const Path& store, const Work&, sched::Scheduler&,
                         std::map<sched::ClassId, std::int64_t>& peaks);

}  // namespace winnow::fleet
