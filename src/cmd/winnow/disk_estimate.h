// What the run files of a sweep's open stages will take, from those of stages like them that are done.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

struct DiskEstimate {
  std::uint64_t bytes = 0;   // of the stages that are counted
  std::size_t to_run = 0;    // stages that are not done and needed
  std::size_t unknown = 0;   // of them, those like which none is done: not counted
  std::size_t measured = 0;  // run files that it rests on
};

// Stages are alike when they do the same to the same data (duration_class.h), or at least run the same method on the
// same model. Of many stages a few hundred are looked at, evenly spaced, and stand for the rest. `size_of`: bytes of a
// done stage's run file, by node. Checkpoints are not in it: two for each stage that runs.
DiskEstimate disk_estimate(const sweep::Plan&, const std::vector<bool>& done,
                           const std::function<std::optional<std::uint64_t>(std::uint32_t node)>& size_of);

}  // namespace winnow::cmd
