// How the mpirun of a gang over several agents gets its processes on the others: for each of them it starts a program
// that is told a host and a command to run there (`plm_rsh_agent`, as ssh would be). Ours leaves both in the gang's
// folder, where its agent finds them; who runs them, and where, is the fleet's. So no ssh and no Slurm step is needed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::fleet {

struct GangCall {
  std::size_t part = 0;  // 1 for the second
  std::string command;   // of mpirun's daemon there, for a shell
};

class GangCalls {
 public:
  explicit GangCalls(Path folder);  // writes the script. DeviceError

  std::vector<GangCall> take();  // those that have come since the last call

  static std::string host(std::size_t part);  // by which the launch knows it: no name of a machine
  static Path script(const Path& folder);

 private:
  Path folder_;
};

// The same command with the folder of the agent that runs it in place of the caller's.
std::string in_folder(std::string command, const Path& callers, const Path& own);

}  // namespace winnow::fleet
