// The last word about a run, for launch/mpirun, which cannot trust mpirun's status.
#pragma once

#include <optional>

#include "winnow/core/file.h"
#include "winnow/fleet/fleet.h"

namespace winnow::fleet {

// Writes STORE/exit.json, where there is a store, and the file that WINNOW_EXIT_RECORD names. Whole or absent. Where
// nothing can be written there is no record, and the caller has said so already. Without one launch/mpirun takes the
// run for crashed and starts it again: what ended before it began (a wrong option, a store that cannot be opened,
// --help) writes one, too.
void write_exit_record(int code, const Outcome&, const std::optional<Path>& store);

}  // namespace winnow::fleet
