// Collectives over NCCL, one process a GPU. spec: NCCL 2.28; ncclCommInitRankConfig without blocking, with a deadline.
#pragma once

#include <nccl.h>

#include <chrono>
#include <memory>

#include "winnow/comm/cuda_module.h"

namespace winnow::comm {

NcclId nccl_unique_id();
std::unique_ptr<Collective> nccl_collective(const NcclId&, int rank, int size, int device,
                                            std::chrono::seconds deadline, const PeerLost&);

}  // namespace winnow::comm
