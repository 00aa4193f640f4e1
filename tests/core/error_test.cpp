#include "winnow/core/error.h"

#include <gmock/gmock.h>

namespace winnow {
namespace {

// what() is a C string: what stands behind a zero byte would be lost.
TEST(Errors, ATextWithAZeroByteIsShownToItsEnd) {
  using std::string_literals::operator""s;
  EXPECT_STREQ(UsageError("the name 'a\0b' is no name"s).what(), "the name 'a\\u0000b' is no name");
  EXPECT_STREQ(DataError("\0"s).what(), "\\u0000");
}

TEST(Errors, TheNearestWordIsNamedIfOneIsNear) {
  EXPECT_EQ(did_you_mean("proen", {"cc", "proden"}), " (did you mean 'proden'?)");
  EXPECT_EQ(did_you_mean("quite another", {"cc", "proden"}), "");
}

}  // namespace
}  // namespace winnow
