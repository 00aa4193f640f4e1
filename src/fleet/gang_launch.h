// How a gang is started on this node: an MPI program of its own, whatever has started us.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/core/descriptor.h"
#include "winnow/core/file.h"

namespace winnow::fleet {

// Where the inner mpirun and its processes keep what they share: session files and shared memory. They lie in a folder
// of their own because a killed MPI program removes neither: 4 MB of memory for each process stay in /dev/shm until the
// next boot. Destruction removes the folder; what an agent that was killed has left, the next one removes: it holds a
// lock on no folder.
class GangFolder {
 public:
  GangFolder();  // DeviceError
  ~GangFolder();
  GangFolder(const GangFolder&) = delete;
  const Path& path() const { return path_; }

 private:
  Path path_;
  Descriptor lock_;
};

// mpirun and its options, to be put before the words of the trainer. Sees no allocation and no other node.
std::vector<std::string> gang_launcher(std::uint32_t width, const Path& folder);

// The same over several agents: so many processes on each, the first one here. On the others it calls for them by the
// script that GangCalls has written to the folder; processes speak over TCP.
std::vector<std::string> gang_launcher(const std::vector<std::uint32_t>& parts, const Path& folder);

// An environment variable by which the processes of a gang are found again.
std::string gang_mark(const Path& folder);

// Ends every process that carries the mark. mpirun's processes are in groups of their own and outlive an mpirun that is
// killed, unless they have asked not to.
void kill_gang(const Path& folder);

}  // namespace winnow::fleet
