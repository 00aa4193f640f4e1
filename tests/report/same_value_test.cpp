// Values that people write into table definitions, against those of a sweep's axes. Through table definitions:
// table_test.
#include "../../src/report/same_value.h"

#include <gtest/gtest.h>

namespace winnow::report {
namespace {

TEST(SameValue, NumbersCompareAsNumbers) {
  for (auto [a, b] : {std::pair{"1", "1.0"}, {"0.001", "1e-3"}, {"-0.0", "0"}, {"0.10", "0.1"}, {"flip", "flip"}})
    EXPECT_TRUE(same_value(a, b)) << a;
  for (auto [a, b] :
       {std::pair{"1", "1.01"}, {"flip", "Flip"}, {"1", "1 "}, {"", "0"}, {"nan", "NaN"}, {"-", "0"}, {"true", "1"}})
    EXPECT_FALSE(same_value(a, b)) << a;
}

TEST(SameValue, LetterByLetterFirst) {
  EXPECT_EQ(find_value({"1.0", "1"}, "1"), 1u);
  EXPECT_EQ(find_value({"0.5", "1.0"}, "1"), 1u);
  EXPECT_EQ(find_value({"0.5", "-"}, "1"), 2u);
}

TEST(SameValue, TheNearestNumberIsNamed) {
  EXPECT_EQ(nearest_value("0.71", {"0.1", "0.7", "-"}), " (did you mean 0.7?)");
  EXPECT_EQ(nearest_value("prodn", {"cc", "proden"}), " (did you mean 'proden'?)");
  EXPECT_EQ(nearest_value("1", {"flip"}), "");
}

}  // namespace
}  // namespace winnow::report
