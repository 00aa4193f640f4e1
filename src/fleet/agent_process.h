// The agent process of this node, and its connection.
#pragma once

#include <sys/types.h>

#include "winnow/core/descriptor.h"
#include "winnow/fleet/fleet.h"

namespace winnow::fleet {

struct AgentProcess {
  pid_t pid = -1;
  Descriptor connection;
};

// Forks the agent. Before MPI_Init: fork in an MPI process is discouraged, and the agent forks all the time.
// The child never returns: it serves its connection and ends without running our destructors.
AgentProcess start_agent(const Options&);

// Rank > 0: carries bytes between its agent and the coordinator until it is dismissed or the coordinator stops sending
// heartbeats.
void relay(AgentProcess, const World&, sched::Time longest_silence);

}  // namespace winnow::fleet
