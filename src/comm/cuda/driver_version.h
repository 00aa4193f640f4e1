// The version of the NVIDIA driver itself. CUDA tells only which CUDA it serves, and many drivers serve the same.
#pragma once

#include <string>

namespace winnow::comm {

// "580.65.06", as the driver's management library says, or where that is not there the kernel; empty: neither does.
std::string driver_version();

}  // namespace winnow::comm
