// The stand-in's memory: allocations of the CPU under other addresses.
#pragma once

#include <c10/core/Allocator.h>

#include <cstdint>

namespace standin {

// Linux maps nothing there: 0x7f.. becomes 0x3f.., 0x55.. becomes 0x15.. (x86-64; on arm64 0xff.. becomes 0xbf..).
inline constexpr std::uintptr_t kBit = std::uintptr_t{1} << 46;

// The address of a byte for the other side.
inline void* flipped(const void* pointer) {
  return pointer ? reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(pointer) ^ kBit) : nullptr;
}

inline constexpr int kDevices = 2;

c10::DataPtr to_device(c10::DataPtr host, c10::Device);

// The device that new tensors of this thread are put on.
c10::DeviceIndex& current_device();

// New memory is filled with 0xff (NaN, -1): what is read before it is written shows.
c10::Allocator& device_memory();
// Memory of the host that copies can leave without the host's waiting.
c10::Allocator& pinned_memory();
bool is_pinned(const void*);

}  // namespace standin
