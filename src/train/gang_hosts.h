// On which hosts a gang computes: its result names all of them.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "winnow/comm/collective.h"

namespace winnow::train {

// In the order of the processes, each once, with commas. Collective; `device` is where the gang's tensors lie.
std::string gang_hosts(comm::Collective&, c10::Device device);

}  // namespace winnow::train
