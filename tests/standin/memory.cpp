#include "memory.h"

#include <c10/core/CPUAllocator.h>

#include <cstring>
#include <map>
#include <mutex>

namespace standin {

namespace {

struct DeviceMemory final : c10::Allocator {
  c10::DataPtr allocate(std::size_t bytes) override {
    c10::DataPtr host = c10::GetCPUAllocator()->allocate(bytes);
    if (bytes) std::memset(host.get(), 0xff, bytes);
    return to_device(std::move(host), {c10::DeviceType::PrivateUse1, current_device()});
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(flipped(to), flipped(from), bytes);
  }
};

struct PinnedMemory final : c10::Allocator {
  std::mutex mutex;
  std::map<std::uintptr_t, std::size_t> known;  // first byte and length of each allocation

  c10::DataPtr allocate(std::size_t bytes) override {
    c10::DataPtr host = c10::GetCPUAllocator()->allocate(bytes);
    void* address = host.get();
    std::lock_guard lock(mutex);
    known[reinterpret_cast<std::uintptr_t>(address)] = bytes;
    return {address, new c10::DataPtr(std::move(host)), &release, c10::DeviceType::CPU};
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }
  bool owns(const void* pointer) {
    auto at = reinterpret_cast<std::uintptr_t>(pointer);
    std::lock_guard lock(mutex);
    auto next = known.upper_bound(at);
    return next != known.begin() && (--next, at < next->first + next->second);
  }
  static void release(void* kept);
};

// In functions, and never destroyed: the device may be installed by an initialiser of a static, and tensors outlive
// main.
PinnedMemory& pinned() {
  static auto* memory = new PinnedMemory;
  return *memory;
}

void PinnedMemory::release(void* kept) {
  auto* host = static_cast<c10::DataPtr*>(kept);
  {
    std::lock_guard lock(pinned().mutex);
    pinned().known.erase(reinterpret_cast<std::uintptr_t>(host->get()));
  }
  delete host;
}

}  // namespace

c10::DataPtr to_device(c10::DataPtr host, c10::Device where) {
  void* address = flipped(host.get());
  auto release = [](void* kept) { delete static_cast<c10::DataPtr*>(kept); };
  return {address, new c10::DataPtr(std::move(host)), release, where};
}

c10::DeviceIndex& current_device() {
  thread_local c10::DeviceIndex index = 0;
  return index;
}

c10::Allocator& device_memory() {
  static auto* memory = new DeviceMemory;
  return *memory;
}

c10::Allocator& pinned_memory() { return pinned(); }
bool is_pinned(const void* pointer) { return pinned().owns(pointer); }

}  // namespace standin
