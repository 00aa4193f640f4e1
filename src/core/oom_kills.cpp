#include "winnow/core/oom_kills.h"

#include <fstream>
#include <string>

namespace winnow {

std::uint64_t oom_kills() {
  std::ifstream counters("/proc/vmstat");
  std::string name;
  for (std::uint64_t value = 0; counters >> name >> value;)
    if (name == "oom_kill") return value;
  return 0;
}

}  // namespace winnow
