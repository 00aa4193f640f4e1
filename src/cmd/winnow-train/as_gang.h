// Running a subcommand as one process of a gang.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "winnow/comm/collective.h"

namespace winnow::cmd {

// Joins the gang that mpirun started (or none), on the device that `device` names, runs `body`, leaves. Of GPUs each
// process has its own, and tensors travel over NCCL. A process that fails would let the others wait for
// ever: it ends the whole gang. What all processes find wrong at once is said once, by process 0.
int as_gang(const std::string& device, const std::function<int(comm::Collective&, c10::Device)>& body);

}  // namespace winnow::cmd
