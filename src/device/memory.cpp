#include "winnow/device/memory.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>

namespace winnow::device {

namespace {

// None for the CPU, and before the first tensor is on the device.
c10::DeviceAllocator* allocator_of(c10::Device device) {
  if (device.is_cpu()) return nullptr;
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  return allocator && allocator->initialized() ? allocator : nullptr;
}

c10::DeviceIndex index_of(c10::Device device) { return std::max<c10::DeviceIndex>(device.index(), 0); }

c10::CachingAllocator::Stat reserved(c10::Device device) {
  c10::DeviceAllocator* allocator = allocator_of(device);
  if (!allocator) return {};
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return allocator->getDeviceStats(index_of(device)).reserved_bytes[kAll];
}

}  // namespace

std::int64_t peak_memory(c10::Device device) { return reserved(device).peak; }

std::int64_t held_memory(c10::Device device) { return reserved(device).current; }

void release_memory(c10::Device device) {
  c10::DeviceAllocator* allocator = allocator_of(device);
  if (!allocator) return;
  allocator->emptyCache();
  allocator->resetPeakStats(index_of(device));
}

}  // namespace winnow::device
