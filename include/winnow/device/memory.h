// What a process holds of its stage's device.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace winnow::device {

// The most since release_memory(), in bytes: tensors, and what torch keeps for the next ones. 0 for the CPU, whose
// memory nobody shares out.
std::int64_t peak_memory(c10::Device);

// The same at this moment.
std::int64_t held_memory(c10::Device);

// Gives back what is kept for the next tensors, so that a process without a stage is in nobody's way; counting begins
// anew.
void release_memory(c10::Device);

}  // namespace winnow::device
