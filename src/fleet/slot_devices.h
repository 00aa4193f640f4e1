// Which device each of an agent's slots has.
#pragma once

#include <string>
#include <vector>

#include "winnow/fleet/fleet.h"
#include "winnow/fleet/gpus.h"

namespace winnow::fleet {

struct SlotDevices {
  std::vector<Gpu> gpus;  // one for each slot, a GPU `per_gpu` times in a row; empty: all slots compute on CPUs
  std::uint32_t slots = 1;
  std::uint32_t busy = 0;             // GPUs that are left out because other processes compute on them
  std::uint32_t gpu_count() const;    // different ones
  std::vector<std::string> warnings;  // GPUs that are left out, and why
};

// What the options ask for, of what is here. `visible` is CUDA_VISIBLE_DEVICES, in which a batch system says what of
// the machine is ours (null: all of it), by UUID, by its beginning, or by number; numbers are positions on the bus
// where `bus_order` (CUDA_DEVICE_ORDER=PCI_BUS_ID) or all GPUs are alike, else ambiguous. `agent` of `agents` on this
// machine takes its share of the GPUs. UsageError where it cannot be given.
SlotDevices slot_devices(const Options&, const Gpus&, const char* visible, bool bus_order, int agent, int agents);

// The same for this process, by its environment and what the driver knows now.
SlotDevices slot_devices(const Options&);

}  // namespace winnow::fleet
