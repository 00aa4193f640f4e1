#include "winnow/core/machine_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace winnow {
namespace {

TEST(MachineMemory, IsAtMostWhatIsInstalled) {
  std::int64_t installed = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  EXPECT_GT(machine_memory(), 64 << 20) << "this test runs in it";
  EXPECT_LE(machine_memory(), installed);
}

}  // namespace
}  // namespace winnow
