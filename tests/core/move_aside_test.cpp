#include "winnow/core/move_aside.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "../folder.h"
#include "winnow/core/error.h"

namespace winnow {
namespace {

TEST(MoveAside, NeverReplaces) {
  Folder folder;
  write_file_atomically(folder / "a", "first");
  write_file_atomically(folder / "b", "second");
  EXPECT_FALSE(move_aside(folder / "b", folder / "a"));
  EXPECT_EQ(read_file(folder / "a"), "first");
  EXPECT_EQ(read_file(folder / "b"), "second");
  EXPECT_TRUE(move_aside(folder / "b", folder / "c"));
  EXPECT_EQ(read_file(folder / "c"), "second");
  EXPECT_THROW(move_aside(folder / "b", folder / "d"), DeviceError) << "it is gone";
}

// Two names of one file are what a take-over that died may have left: whose it was cannot be told, and both stay.
TEST(MoveAside, LeavesWhatHasItsNameAlready) {
  Folder folder;
  write_file_atomically(folder / "a", "lease");
  std::filesystem::create_hard_link(folder / "a", folder / "b");
  EXPECT_FALSE(move_aside(folder / "a", folder / "b"));
  EXPECT_EQ(read_file(folder / "a"), "lease");
}

TEST(MoveAside, OneOfManyDoesIt) {
  Folder folder;
  for (int round = 0; round < 50; ++round) {
    Path from = folder / "lease", to = folder / std::to_string(round);
    write_file_atomically(from, "stale");
    std::atomic<int> done = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        try {
          done += move_aside(from, to);
        } catch (const DeviceError&) {  // another one was faster
        }
      });
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(done, 1);
  }
}

}  // namespace
}  // namespace winnow
