// The memory of devices that several trainers share.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/sched/attempt.h"

namespace winnow::sched {

// Of a stage, in bytes: what one of its class has held at most. `alone`: it ran out of memory beside others, or might.
struct MemoryNeed {
  std::int64_t bytes = 0;  // 0: not known
  bool alone = false;
};

// Which stages may run beside each other. One that is not known counts as an equal share of the device for each of its
// trainers, which is what whoever let so many share it has said; one whose need is above the device's room, and one
// that is to be alone, has the device to itself. So every stage fits on a device where nothing runs.
class SharedDevices {
 public:
  SharedDevices() = default;  // nothing is shared: everything fits
  // By slot the device, numbered from 0; by device the bytes that there are for stages.
  SharedDevices(std::vector<std::uint32_t> device_of, std::vector<std::int64_t> room);

  // Bytes of the slot's device that such a stage is given.
  std::int64_t share(Slot, const MemoryNeed&) const;
  // Beside stages that have these bytes of it.
  bool fits(Slot, const MemoryNeed&, std::int64_t taken) const;
  bool same_device(Slot, Slot) const;
  bool empty() const { return device_of_.empty(); }

 private:
  std::vector<std::uint32_t> device_of_, slots_;  // by slot; by device
  std::vector<std::int64_t> room_;                // by device
};

}  // namespace winnow::sched
