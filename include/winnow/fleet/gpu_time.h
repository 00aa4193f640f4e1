// How long GPUs worked on stages, as the journal of a store tells it.
#pragma once

#include <cstddef>
#include <functional>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"

namespace winnow::fleet {

// In seconds of one GPU: an attempt on k of them counts k times, one of n trainers that share a GPU an n-th of its
// time.
struct GpuTime {
  double seconds = 0;
  double in_vain = 0;        // of these: of attempts that brought no result
  std::size_t attempts = 0;  // on GPUs
};

// Of the stages that `counts` holds for. Attempts that have not ended count as far as the journal goes. Safe while a
// coordinator writes. No journal is no time. DataError when a file cannot be read.
GpuTime gpu_time(const Path& store, const std::function<bool(const Hash128&)>& counts);

}  // namespace winnow::fleet
