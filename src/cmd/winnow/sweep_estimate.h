// What a sweep takes, from what trials of its stages measured.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::cmd {

// Seconds of a stage.
struct StageTimes {
  double once = 0, first_epoch = 0, later_epoch = 0;
  double step = 0, evaluation = 0;  // of the last epoch; of an epoch
  std::int64_t epochs = 0;          // of the stage that was tried; 0: it does not train

  // From `trial` of a trainer's event `done` (src/fleet/README.md).
  static StageTimes from(const Value& measured);
  double stage(std::int64_t own_epochs) const;  // one of its class
};

struct Job {
  double seconds = 0;
  std::uint32_t width = 1;
  std::vector<std::uint32_t> inputs;  // indices of jobs
};

// Seconds until the last job has ended: the longest one that can start is started first. A job that is wider than all
// trainers takes all of them.
double makespan(const std::vector<Job>&, std::uint32_t trainers);

}  // namespace winnow::cmd
