// Executing a stage and writing its run file: what `serve` and `stage` share.
#pragma once

#include <cstdint>
#include <optional>

#include "winnow/stage/trainer_protocol.h"
#include "winnow/store/run_file.h"
#include "winnow/train/execute.h"

namespace winnow::cmd {

// What is left to the trainer is decided for this device. After attempts that ran out of memory the stage's rows are
// computed in pieces: a quarter of what a process of the gang computes at once, then a sixteenth, ...
train::Context context_of(const protocol::Context&, const Stage&, c10::Device);

struct Finished {
  store::Written written;
  std::optional<train::Trial> trial;  // where the context asked for one
  std::int64_t device_memory = 0;     // bytes that this process held at most of a device that is no CPU
};

// Collective; process 0 writes, the others return nothing of interest.
Finished execute_and_write(const Stage&, const train::Context&, const Path& output, comm::Collective&,
                           train::Observer&);

Value to_json(const train::Trial&);  // and the most memory that this process has held

std::int64_t resident_bytes();  // of this process, and of a program that is the method
std::int64_t peak_bytes();      // the most that it ever held

}  // namespace winnow::cmd
