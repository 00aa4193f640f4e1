// What a person is told of a result that another one in the store does not equal.
#pragma once

#include <string>

#include "winnow/core/file.h"
#include "winnow/sched/attempt.h"

namespace winnow::fleet {

// One line; empty where there is nothing to say. An alarm where the two should be equal bit for bit, a note where
// devices, chunks, widths or threads differ (store/run_file.h). `label`: of the stage.
std::string commit_note(const std::string& label, const sched::CommitOutcome&, const Path& store);

}  // namespace winnow::fleet
