#include "winnow/report/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  EXPECT_NEAR(*summary.deviation, 1.2909944487358056, 1e-15);  // sqrt(5 / 3)
}

TEST(Statistics, CloseValuesKeepTheirDigits) {
  Summary summary = summarise(std::vector<double>{1e9 + 1, 1e9 + 2, 1e9 + 3});
  EXPECT_EQ(*summary.deviation, 1);
}

TEST(Statistics, TheOrderOfSeedsChangesNoBit) {
  std::vector<double> values{0.1, 0.7, 0.2, 1e-9, 0.3, 123456.789};
  Summary first = summarise(values);
  std::sort(values.begin(), values.end());
  do {
    Summary other = summarise(values);
    ASSERT_EQ(other.mean, first.mean);
    ASSERT_EQ(*other.deviation, *first.deviation);
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST(Statistics, WhatIsEqualOnPaperIsEqual) {
  double one = summarise(std::vector<double>{0.1, 0.1, 0.5}).mean,
         other = summarise(std::vector<double>{0.1, 0.2, 0.4}).mean;
  EXPECT_NE(one, other);  // or this test shows nothing
  EXPECT_TRUE(equal(one, other));
  EXPECT_TRUE(equal(0, 0));
  EXPECT_TRUE(equal(0.1 + 0.2 - 0.3, 0, 0.3));
  // The least by which accuracies can differ: one of a million samples, in one of a thousand seeds.
  EXPECT_FALSE(equal(0.9, 0.9 + 1e-9));
  EXPECT_FALSE(equal(1e-9, 0));
  EXPECT_FALSE(equal(NAN, NAN));
}

TEST(Statistics, NothingIsAveragedAway) {
  Summary summary = summarise(std::vector<double>{0.5, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(summary.mean));
}

}  // namespace
}  // namespace winnow::report
