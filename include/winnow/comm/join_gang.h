// The gang that this process belongs to. `mpirun -n k PROGRAM` makes one; a program started without mpirun is alone.
#pragma once

#include <memory>

#include "winnow/comm/collective.h"

namespace winnow::comm {

// Called at most once in a process, before anything is exchanged, by the thread that will use the collective. The
// collective is MPI's where mpirun started more than one process, and ends MPI when it is destroyed; all processes must
// get there. Errors are DeviceError.
std::unique_ptr<Collective> join_gang();

// Among the processes of the gang on its node, by what mpirun says: the 0th of 1 without one.
struct PlaceOnNode {
  int rank = 0, size = 1;
};
PlaceOnNode place_on_node();

// The same gang with the members' tensors on their GPUs moved by NCCL; tensors on the host and bytes travel over the
// gang as it was, beside the device, for which nobody waits. Collective: process 0 makes NCCL's id, the gang carries
// it. A gang of one, and of a device that is no GPU, stays what it was. DeviceError. A peer that is lost later ends
// this process and the gang within a minute, whatever either waits for.
void add_nccl(std::unique_ptr<Collective>& gang, c10::Device device);

// Ends this process and the whole gang at once: the others may wait for ever in a collective that this one will not
// enter.
[[noreturn]] void abandon_gang(int code);

}  // namespace winnow::comm
