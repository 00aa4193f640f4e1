// How a trainer is started: its words, its environment, and mpirun before a gang.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gang_calls.h"
#include "winnow/core/child_process.h"

namespace winnow::fleet {

struct TrainerCommand {
  std::vector<std::string> words;  // program and arguments
  int threads = 1;
  std::uint32_t width = 1;  // more: mpirun starts so many processes, and the first one speaks
  // Of a gang over several agents: the processes on each, this one's first. `calls` finds the others'.
  std::vector<std::uint32_t> parts = {};
  std::vector<std::pair<std::string, std::string>> variables;  // of its environment, in place of ours

  // The GPUs that it sees, by UUID, with commas; one for each process. winnow's own trainer must be told to use them.
  void use_gpus(const std::string& uuids, bool own_trainer);
};

// Its environment is ours without what mpirun and srun put there: an MPI program started by a trainer must not take
// itself for a rank of ours. It has a process group of its own; of a gang every process is killed with it, whatever
// group it is in. DeviceError.
std::unique_ptr<ChildProcess> start_trainer(const TrainerCommand&);

// A gang over several agents, here and with the calls for its processes on the others.
struct CallingGang {
  std::unique_ptr<ChildProcess> process;
  std::unique_ptr<GangCalls> calls;
  Path folder;  // in the commands that it calls for
};
CallingGang start_gang(const TrainerCommand&);

// The part of such a gang that was called here: `call`, with `folder` of the caller. It says nothing of stages; it ends
// with its gang, and well where that did. The command's words and width are not read.
std::unique_ptr<ChildProcess> start_part(const TrainerCommand&, const std::string& call, const Path& folder);

}  // namespace winnow::fleet
