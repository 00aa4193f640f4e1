#include "winnow/core/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"

namespace winnow {
namespace {

class FileTest : public testing::Test {
 protected:
  Folder folder_;
};

TEST_F(FileTest, WritesWholeFilesAndLeavesNothingBeside) {
  write_file_atomically(folder_ / "a", "one");
  write_file_atomically(folder_ / "a", "two");
  EXPECT_EQ(read_file(folder_ / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
  EXPECT_THROW(write_file_atomically(folder_ / "absent" / "a", "x"), DeviceError);
}

TEST_F(FileTest, NeverReplacesWhatIsThere) {
  write_file_atomically(folder_ / "a", "first");
  write_file_atomically(folder_ / "b", "second");
  EXPECT_FALSE(rename_without_replacing(folder_ / "b", folder_ / "a"));
  EXPECT_EQ(read_file(folder_ / "a"), "first");
  EXPECT_EQ(read_file(folder_ / "b"), "second");
  EXPECT_TRUE(rename_without_replacing(folder_ / "b", folder_ / "c"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b"));
}

TEST_F(FileTest, MapsWhatReadReads) {
  write_file_atomically(folder_ / "a", "content");
  Mapping mapping(folder_ / "a");
  EXPECT_EQ(hash_of(mapping.bytes()), hash_of("content"));
  write_file_atomically(folder_ / "empty", "");
  EXPECT_TRUE(Mapping(folder_ / "empty").bytes().empty());
  EXPECT_THROW(Mapping(folder_ / "absent"), DataError);
  EXPECT_THROW(Mapping{folder_}, DataError);
  EXPECT_THROW(read_file(folder_), DataError);
}

TEST(Hash, ZerosDoNotVerifyAsNothing) {
  EXPECT_NE(hash_of(std::string(4096, '\0')), Hash128{});
  EXPECT_NE(hash_of(std::string(4096, '\0')), hash_of(std::string(8192, '\0')));
  EXPECT_NE(hash_of(""), Hash128{});
}

TEST(Hash, HexRoundTripAndIncrements) {
  Hash128 whole = hash_of("one two");
  EXPECT_EQ(Hash128::parse(whole.hex()), whole);
  EXPECT_EQ(Hasher().add("one ").add("").add("two").digest(), whole);
  EXPECT_THROW(Hash128::parse("xyz"), DataError);
  EXPECT_THROW(Hash128::parse(std::string(32, 'g')), DataError);
}

TEST(DidYouMean, OffersOnlyWhatIsNear) {
  EXPECT_EQ(did_you_mean("prodne", {"cc", "proden"}), " (did you mean 'proden'?)");
  EXPECT_EQ(did_you_mean("xyzzy", {"cc", "proden"}), "");
}

}  // namespace
}  // namespace winnow
