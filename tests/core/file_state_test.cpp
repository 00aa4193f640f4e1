// What a name on a disk leads to: never an exception of the library.
#include "winnow/core/file_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../folder.h"
#include "../refusal.h"

namespace winnow {
namespace {

using testing::HasSubstr;

class FileState : public testing::Test {
 protected:
  Folder folder_;
};

TEST_F(FileState, AFileIsThereAndAnAbsentOneIsNot) {
  write_file_atomically(folder_ / "file", "x");
  EXPECT_TRUE(is_there(folder_ / "file"));
  EXPECT_TRUE(is_there(folder_));
  EXPECT_FALSE(is_there(folder_ / "other"));
  EXPECT_FALSE(is_there(folder_ / "file" / "below")) << "a file is no folder";
  EXPECT_EQ(unreadable_because(folder_ / "file"), "");
  EXPECT_EQ(unreadable_because(folder_ / "other"), "no such file");
  EXPECT_EQ(unreadable_because(folder_), "a folder");
}

TEST_F(FileState, LinksThatLeadNowhereAreNamed) {
  std::filesystem::create_symlink("blobs/gone", folder_ / "dangling");
  std::filesystem::create_symlink("itself", folder_ / "itself");
  EXPECT_EQ(unreadable_because(folder_ / "dangling"), "a link to blobs/gone, which is gone");
  EXPECT_EQ(unreadable_because(folder_ / "itself"), "a link that leads to itself");
  EXPECT_THAT(refusal([&] { is_there(folder_ / "dangling"); }),
              HasSubstr("dangling: a link to blobs/gone, which is gone"));
  EXPECT_THAT(refusal([&] { is_there(folder_ / "itself"); }), HasSubstr("itself: a link that leads to itself"));
}

}  // namespace
}  // namespace winnow
