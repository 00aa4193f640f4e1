#include "winnow/core/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "winnow/core/file.h"

namespace winnow {

std::int64_t machine_memory() {
  std::int64_t least = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  auto limit = [&](const Path& file) {
    std::int64_t bytes = 0;  // "max" is no number
    if (std::ifstream(file) >> bytes && bytes > 0) least = std::min(least, bytes);
  };
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/a/b" of version 2, "4:memory:/a/b" of version 1
    std::size_t colon = line.find(':'), last = line.find(':', colon + 1);
    if (last == std::string::npos) continue;
    bool second = line.compare(0, 3, "0::") == 0;
    if (!second && line.substr(colon + 1, last - colon - 1) != "memory") continue;
    Path root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (Path group = Path(line.substr(last + 1)).relative_path();; group = group.parent_path()) {
      limit(root / group / (second ? "memory.max" : "memory.limit_in_bytes"));
      if (group.empty()) break;
    }
  }
  return least;
}

}  // namespace winnow
