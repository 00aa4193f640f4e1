#include "winnow/core/allocation.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace winnow {
namespace {

// Pages that the system hands out while a block of 48 MB is taken, filled and freed ten times.
long faults(bool keep) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  if (::fork() == 0) {  // a process of its own: the setting stays
    if (keep) keep_freed_memory();
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    for (int round = 0; round < 10; ++round) {
      char* volatile block = static_cast<char*>(std::malloc(48 << 20));
      std::memset(block, round, 48 << 20);
      std::free(block);
    }
    ::getrusage(RUSAGE_SELF, &after);
    long count = after.ru_minflt - before.ru_minflt;
    ::_exit(::write(ends[1], &count, sizeof count) == sizeof count ? 0 : 1);
  }
  long count = -1;
  if (::read(ends[0], &count, sizeof count) != sizeof count) count = -1;
  ::close(ends[0]);
  ::close(ends[1]);
  ::wait(nullptr);
  return count;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their allocators are others
TEST(KeepFreedMemory, ABlockOfTheSameSizeNeedsNoNewPages) {
  long kept = faults(true), given_back = faults(false);
  ASSERT_GT(kept, 0);
  EXPECT_LT(kept, given_back / 5);
}
#endif

}  // namespace
}  // namespace winnow
