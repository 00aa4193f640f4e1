#include "memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>

namespace standin {

namespace {

// STANDIN_ROOM=RANK:BYTES: the process of a gang whose device has no room for more bytes at once, for tests of what
// happens then. 0 is also a process that is alone.
std::size_t room_at_once() {
  static const std::size_t room = [] {
    const char *said = std::getenv("STANDIN_ROOM"), *rank = std::getenv("OMPI_COMM_WORLD_RANK");
    if (!said) return std::numeric_limits<std::size_t>::max();
    std::string text = said;
    std::size_t colon = text.find(':');
    if (text.substr(0, colon) != (rank ? rank : "0")) return std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(std::stoull(text.substr(colon + 1)));
  }();
  return room;
}

// Counts what is asked of it; results of kernels come from the CPU's allocator.
struct DeviceMemory final : c10::DeviceAllocator {
  std::mutex mutex;
  std::array<c10::CachingAllocator::Stat, kDevices> held;  // by device

  c10::DataPtr allocate(std::size_t bytes) override {
    TORCH_CHECK_WITH(OutOfMemoryError, bytes <= room_at_once(), "CUDA out of memory. Tried to allocate ", bytes,
                     " bytes. The stand-in has room for ", room_at_once());
    c10::DataPtr host = c10::GetCPUAllocator()->allocate(bytes);
    void* address = host.get();
    if (bytes) std::memset(address, 0xff, bytes);
    c10::DeviceIndex index = current_device();
    {
      std::lock_guard lock(mutex);
      held[static_cast<std::size_t>(index)].increase(bytes);
    }
    return {flipped(address), new Kept{std::move(host), bytes, index}, &release, {c10::DeviceType::PrivateUse1, index}};
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(flipped(to), flipped(from), bytes);
  }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex index) override {
    std::lock_guard lock(mutex);
    c10::CachingDeviceAllocator::DeviceStats stats;
    stats.allocated_bytes[0] = stats.reserved_bytes[0] = held.at(static_cast<std::size_t>(index));
    return stats;
  }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex index) override {
    std::lock_guard lock(mutex);
    held.at(static_cast<std::size_t>(index)).reset_peak();
  }

 private:
  struct Kept {
    c10::DataPtr host;
    std::size_t bytes;
    c10::DeviceIndex index;
  };
  static void release(void* kept);
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

DeviceMemory& of_device() {
  static auto* memory = new DeviceMemory;
  return *memory;
}

void DeviceMemory::release(void* kept) {
  auto* own = static_cast<Kept*>(kept);
  {
    std::lock_guard lock(of_device().mutex);
    of_device().held[static_cast<std::size_t>(own->index)].decrease(own->bytes);
  }
  delete own;
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

c10::Allocator& device_memory() { return of_device(); }

c10::Allocator& pinned_memory() { return pinned(); }
bool is_pinned(const void* pointer) { return pinned().owns(pointer); }

}  // namespace standin
