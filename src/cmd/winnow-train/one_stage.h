// Executing a stage and writing its run file: what `serve` and `stage` share.
#pragma once

#include "winnow/store/run_file.h"
#include "winnow/train/execute.h"

namespace winnow::cmd {

// The paths of a context as JSON: {"data":{NAME:PATH},"inputs":{NAME:PATH},"threads":N}. UsageError.
train::Context context_from_json(const Value&);

store::Written execute_and_write(const Stage&, const train::Context&, const Path& output, train::Observer&);

std::int64_t resident_bytes();                    // of this process

}  // namespace winnow::cmd
