// Running a subcommand as one process of a gang.
#pragma once

#include <functional>

#include "winnow/comm/collective.h"

namespace winnow::cmd {

// Joins the gang that mpirun started (or none), runs `body`, leaves. A process that fails would let the others wait for
// ever: it ends the whole gang. What all processes find wrong at once is said once, by process 0.
int as_gang(const std::function<int(comm::Collective&)>& body);

}  // namespace winnow::cmd
