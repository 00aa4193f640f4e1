// Whether what was thrown says that memory ran out: of the host, of a device, or of a library that computes there.
#pragma once

#include <exception>

namespace winnow::device {

// torch, CUDA's libraries and the standard library say it in different ways, some in words alone.
bool is_out_of_memory(const std::exception&);

}  // namespace winnow::device
