#include "winnow/core/words.h"

#include <gmock/gmock.h>

namespace winnow {
namespace {

using ::testing::ElementsAre;

enum class Fruit { apple, quince };
constexpr Words<Fruit>::Entry kEntries[] = {{Fruit::apple, "apple"}, {Fruit::quince, "quince"}};
constexpr Words<Fruit> kFruits("fruit", kEntries);

TEST(Words, NameAndParseAreEachOthersInverse) {
  for (Fruit fruit : {Fruit::apple, Fruit::quince}) EXPECT_EQ(kFruits.parse(kFruits.name(fruit)), fruit);
  EXPECT_THAT(kFruits.all(), ElementsAre("apple", "quince"));
  EXPECT_EQ(kFruits.find("pear"), std::nullopt);
}

TEST(Words, AWrongWordIsRefusedWithTheNearestOneAndAll) {
  try {
    kFruits.parse("aple");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "unknown fruit 'aple' (did you mean 'apple'?); known: apple, quince");
  }
  EXPECT_THROW(kFruits.name(static_cast<Fruit>(7)), InternalError);
}

}  // namespace
}  // namespace winnow
