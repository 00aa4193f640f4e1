// Which device each of an agent's slots has.
#pragma once

#include <string>
#include <vector>

#include "winnow/fleet/fleet.h"
#include "winnow/fleet/gpus.h"

namespace winnow::fleet {

struct SlotDevices {
  std::vector<Gpu> gpus;  // one for each slot, by turns; empty: all slots compute on CPUs
  std::uint32_t slots = 1;
  std::uint32_t gpu_count() const;    // different ones
  bool partitioned() const;           // some are instances of a GPU
  std::vector<std::string> warnings;  // GPUs that are left out, and why
};

// Which of the agents on its machine.
struct AgentPlace {
  int agent = 0, agents = 1;
};

// What the options ask for, of what is here. `visible` is CUDA_VISIBLE_DEVICES, in which a batch system says what of
// the machine is ours (null: all of it), by UUID, by its beginning, or by number; numbers are positions on the bus
// where `bus_order` (CUDA_DEVICE_ORDER=PCI_BUS_ID) or all GPUs are alike, else ambiguous. Agents of one machine share
// its GPUs by turns. UsageError where the options cannot be had.
SlotDevices slot_devices(const Options&, const Gpus&, const char* visible, bool bus_order, AgentPlace);

// The same for this process, by its environment and what the driver knows now. Where a GPU is busy it looks for up to
// 3 s whether that ends.
SlotDevices slot_devices(const Options&);

}  // namespace winnow::fleet
