// Processes that the kernel has killed because memory ran out.
#pragma once

#include <cstdint>

namespace winnow {

// Since this machine started, in any of its control groups (containers, batch jobs), whosever they were; 0 where the
// kernel does not count them.
std::uint64_t oom_kills();

}  // namespace winnow
