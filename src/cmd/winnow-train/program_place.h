// Where a stage whose method is a program is computed.
#pragma once

#include <c10/core/Device.h>

#include "winnow/core/settings.h"

namespace winnow::cmd {

// `program`: the entry beside the stage. This trainer's device, or the CPU for a program that asks for it. UsageError
// for one that wants a GPU where there is none; DeviceError, of class memory, where this machine has less than it
// wants.
c10::Device device_for_program(const Value& program, c10::Device own);

}  // namespace winnow::cmd
