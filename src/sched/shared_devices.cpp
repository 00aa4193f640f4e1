#include "winnow/sched/shared_devices.h"

#include <algorithm>
#include <utility>

namespace winnow::sched {

SharedDevices::SharedDevices(std::vector<std::uint32_t> device_of, std::vector<std::int64_t> room)
    : device_of_(std::move(device_of)), slots_(room.size()), room_(std::move(room)) {
  for (std::uint32_t device : device_of_) ++slots_[device];
}

std::int64_t SharedDevices::share(Slot slot, const MemoryNeed& need) const {
  if (empty()) return 0;
  std::uint32_t device = device_of_[slot];
  std::int64_t room = std::max<std::int64_t>(room_[device], 1);
  if (need.alone) return room;
  return need.bytes == 0 ? room / slots_[device] : std::min(need.bytes, room);
}

bool SharedDevices::fits(Slot slot, const MemoryNeed& need, std::int64_t taken) const {
  return taken == 0 || taken + share(slot, need) <= room_[device_of_[slot]];
}

bool SharedDevices::same_device(Slot a, Slot b) const { return !empty() && device_of_[a] == device_of_[b]; }

}  // namespace winnow::sched
