#include "gang_calls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "../folder.h"

namespace winnow::fleet {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

// As mpirun starts its agent: the program's words, the host, and words for a shell there.
int call(const Path& folder, const std::string& host, const std::string& words) {
  return std::system(fmt::format("sh {} {} {}", GangCalls::script(folder).string(), host, words).c_str());
}

TEST(GangCalls, ACallNamesThePartAndWhatToRunThere) {
  Folder folder;
  GangCalls calls(folder.path());
  EXPECT_THAT(calls.take(), IsEmpty());
  ASSERT_EQ(call(folder.path(), GangCalls::host(2), R"(orted -mca ess '"env"' '--mca x "a b;c"')"), 0);
  std::vector<GangCall> taken = calls.take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].part, 2u);
  EXPECT_EQ(taken[0].command, R"(orted -mca ess "env" --mca x "a b;c")") << "quotes are for the shell there";
  EXPECT_THAT(calls.take(), IsEmpty()) << "each once";
}

TEST(GangCalls, WhatIsNoCallIsLeftAlone) {
  Folder folder;
  GangCalls calls(folder.path());
  for (const char* name :
       {"winnow-part-.call", "winnow-part-x.call", "winnow-part-1x.call", "winnow-part-1.part", "other.call"})
    write_file_atomically(folder.path() / name, "rm -rf /");
  EXPECT_THAT(calls.take(), IsEmpty());
}

TEST(GangCalls, AFolderThatIsGoneHoldsNone) {
  Folder folder;
  std::filesystem::create_directory(folder / "gone");
  GangCalls calls(folder / "gone");
  std::filesystem::remove_all(folder / "gone");
  EXPECT_THAT(calls.take(), IsEmpty());
}

TEST(GangCalls, TheCommandNamesTheFolderOfWhoRunsIt) {
  EXPECT_EQ(in_folder("orted --mca a /dev/shm/g.1 --mca b /dev/shm/g.1/x", "/dev/shm/g.1", "/tmp/g.22"),
            "orted --mca a /tmp/g.22 --mca b /tmp/g.22/x");
  EXPECT_EQ(in_folder("orted", "/dev/shm/g.1", "/tmp/g"), "orted");
}

}  // namespace
}  // namespace winnow::fleet
