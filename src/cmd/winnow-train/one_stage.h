// Executing a stage and writing its run file: what `serve` and `stage` share.
#pragma once

#include "winnow/store/run_file.h"
#include "winnow/train/execute.h"

namespace winnow::cmd {

// What is no part of the identity, as JSON: {"data":{NAME:PATH},"inputs":{NAME:PATH},"threads":N,"checkpoint_every":SECONDS,
// "keep_pictures":FLAG}.
// UsageError.
train::Context context_from_json(const Value&);

// Collective; process 0 writes, the others return nothing of interest.
store::Written execute_and_write(const Stage&, const train::Context&, const Path& output, comm::Collective&, train::Observer&);

std::int64_t resident_bytes();                    // of this process

}  // namespace winnow::cmd
