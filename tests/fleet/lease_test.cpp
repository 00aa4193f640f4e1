#include "lease.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string refusal(const Path& store) {
  try {
    StoreLease lease(store, 1, 30s);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(StoreLease, IsExclusiveAndNamesItsHolder) {
  Folder folder;
  StoreLease lease(folder.path(), 1, 30s);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("process " + std::to_string(::getpid()) + " on host " + host_name()));
  EXPECT_EQ(StoreLease::token_in(folder.path()), lease.token());
}

TEST(StoreLease, IsFreeAfterwards) {
  Folder folder;
  { StoreLease lease(folder.path(), 1, 30s); }
  EXPECT_EQ(StoreLease::token_in(folder.path()), "");
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(StoreLease, OfAKilledProcessIsTakenOverAgainAndAgain) {
  Folder folder;
  std::uint64_t epoch = 0;
  for (int i = 0; i < 3; ++i) {
    pid_t child = ::fork();
    if (child == 0) {
      new StoreLease(folder.path(), 1, 30s);
      ::_exit(0);  // no destructor
    }
    ::waitpid(child, nullptr, 0);
    StoreLease lease(folder.path(), 1, 30s);
    EXPECT_GT(lease.epoch(), epoch);
    epoch = lease.epoch();
  }
}

TEST(StoreLease, OfAnotherHostIsStaleWhenItIsOld) {
  Folder folder;
  Path file = folder / "coordinator.json";
  overwrite(file, R"({"host":"far-away","pid":1,"start":"1","epoch":7,"token":"x"})");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("process 1 on host far-away"));
  timespec old[2] = {{0, UTIME_NOW}, {::time(nullptr) - 60, 0}};
  ::utimensat(AT_FDCWD, file.c_str(), old, 0);
  StoreLease lease(folder.path(), 1, 30s);
  EXPECT_EQ(lease.epoch(), 8u);
}

TEST(StoreLease, OfALaterProcessWithTheSameNumberIsStale) {
  Folder folder;
  overwrite(folder / "coordinator.json",
            Value({{"host", host_name()}, {"pid", ::getpid()}, {"start", "1"}, {"epoch", 3}, {"token", "x"}}).dump());
  EXPECT_EQ(refusal(folder.path()), "");
}

// On a file system that moves nothing aside in one step.
TEST(StoreLease, ThatATakeOverLeftHalfWayIsNamed) {
  Folder folder;
  overwrite(folder / "coordinator.json",
            Value({{"host", host_name()}, {"pid", 1}, {"start", "1"}, {"epoch", 3}, {"token", "x"}}).dump());
  overwrite(folder / ".coordinator.3.stale", "");
  EXPECT_THAT(refusal(folder.path()), HasSubstr("remove " + (folder / ".coordinator.3.stale").string()));
  std::filesystem::remove(folder / ".coordinator.3.stale");
  EXPECT_EQ(refusal(folder.path()), "");
}

}  // namespace
}  // namespace winnow::fleet
