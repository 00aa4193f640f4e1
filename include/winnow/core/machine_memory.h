// How much memory this machine has.
#pragma once

#include <cstdint>

namespace winnow {

// Bytes: what is installed, or less where the control groups of this process (a container, a batch job) allow less.
std::int64_t machine_memory();

}  // namespace winnow
