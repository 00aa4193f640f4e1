#include "winnow/report/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace winnow::report {
namespace {

TEST(Statistics, OneValueHasNoDeviation) {
  Summary summary = summarise(std::vector<double>{0.75});
  EXPECT_EQ(summary.n, 1u);
  EXPECT_EQ(summary.mean, 0.75);
  EXPECT_FALSE(summary.deviation);
}

TEST(Statistics, TheDeviationIsThatOfASample) {
  Summary summary = summarise(std::vector<double>{1, 2, 3, 4});
  EXPECT_EQ(summary.mean, 2.5);
  EXPECT_NEAR(*summary.deviation, 1.2909944487358056, 1e-15);         // sqrt(5 / 3)
}

TEST(Statistics, CloseValuesKeepTheirDigits) {
  Summary summary = summarise(std::vector<double>{1e9 + 1, 1e9 + 2, 1e9 + 3});
  EXPECT_EQ(*summary.deviation, 1);
}

TEST(Statistics, NothingIsAveragedAway) {
  Summary summary = summarise(std::vector<double>{0.5, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(summary.mean));
}

}  // namespace
}  // namespace winnow::report
