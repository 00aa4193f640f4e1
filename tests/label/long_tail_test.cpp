#include "winnow/label/long_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace winnow::label {
namespace {

using testing::ElementsAre;

std::vector<std::int64_t> labels(std::int64_t each, std::int64_t classes) {
  std::vector<std::int64_t> truth;
  for (std::int64_t i = 0; i < each * classes; ++i) truth.push_back(i % classes);
  return truth;
}

std::int64_t total(std::int64_t samples, std::int64_t classes, double factor) {
  std::vector<std::int64_t> counts = long_tail_counts(samples, classes, factor);
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

// docs/methods/partial-labels.md#1.3.
TEST(LongTail, HasTheCountsOfTheTable) {
  EXPECT_THAT(long_tail_counts(50000, 10, 0.01), ElementsAre(5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50));
  EXPECT_EQ(total(50000, 10, 0.0067), 11669);
  EXPECT_EQ(total(50000, 10, 0.005), 11203);
  EXPECT_EQ(total(50000, 10, 0.004), 10875);
  EXPECT_EQ(total(50000, 100, 0.1), 19573);
  EXPECT_EQ(total(50000, 100, 0.05), 15907);
  EXPECT_EQ(total(50000, 100, 0.02), 12608);
  EXPECT_EQ(total(50000, 100, 0.01), 10847);
  EXPECT_EQ(total(50000, 100, 0.0067), 10027);
  EXPECT_EQ(total(100, 10, 1), 100) << "balanced";
  EXPECT_EQ(total(7, 1, 0.5), 7);
}

TEST(LongTail, KeepsSamplesOfTheirClassOnce) {
  std::vector<std::int64_t> truth = labels(50, 4);
  for (std::uint64_t seed : {0u, 1u}) {
    std::vector<std::int64_t> kept = long_tail(truth, 4, 0.1, seed), counts(4, 0);
    EXPECT_EQ(std::set<std::int64_t>(kept.begin(), kept.end()).size(), kept.size());
    std::int64_t last = 0;
    for (std::int64_t i : kept) {
      std::int64_t y = truth[static_cast<std::size_t>(i)];
      EXPECT_GE(y, last) << "class after class";
      ++counts[static_cast<std::size_t>(last = y)];
    }
    EXPECT_EQ(counts, long_tail_counts(200, 4, 0.1));
  }
  EXPECT_NE(long_tail(truth, 4, 0.1, 0u), long_tail(truth, 4, 0.1, 1u));
}

TEST(LongTail, AClassDependsOnNoOther) {
  std::vector<std::int64_t> truth = labels(50, 4), fewer;
  std::vector<std::int64_t> kept = long_tail(truth, 4, 0.5, 3u);
  NumpyLegacy one(3), two(3);
  EXPECT_EQ(long_tail(truth, 4, 0.5, one), long_tail(truth, 4, 0.5, two));
  EXPECT_EQ(one.uniform(), two.uniform()) << "and the generators go on alike";
  std::vector<std::int64_t> of_class_0;
  for (std::int64_t i : kept)
    if (truth[static_cast<std::size_t>(i)] == 0) of_class_0.push_back(i);
  for (std::int64_t& y : truth)
    if (y == 3) y = 2;  // another class grows
  std::vector<std::int64_t> again = long_tail(truth, 4, 0.5, 3u);
  EXPECT_TRUE(std::equal(of_class_0.begin(), of_class_0.end(), again.begin()));
}

TEST(LongTail, AClassThatIsSmallerStaysWhole) {
  std::vector<std::int64_t> truth = {0, 0, 0, 0, 0, 1};
  EXPECT_EQ(long_tail(truth, 2, 1, 0u).size(), 4u) << "three of five, and the only one";
}

TEST(ValidationSplit, IsAPartition) {
  NumpyLegacy random(5);
  Split split = validation_split(103, 0.1, random);
  EXPECT_EQ(split.validation.size(), 10u);
  std::set<std::int64_t> all(split.validation.begin(), split.validation.end());
  all.insert(split.train.begin(), split.train.end());
  EXPECT_EQ(all.size(), 103u);
}

// docs/methods/partial-labels.md#1.6.
TEST(ValidationSplit, OfPlcifar10) {
  NumpyLegacy random(1003224347);
  Split split = validation_split(50000, 0.1, random);
  EXPECT_THAT(std::vector<std::int64_t>(split.validation.begin(), split.validation.begin() + 5),
              ElementsAre(35188, 3374, 2133, 21974, 25772));
  EXPECT_THAT(std::vector<std::int64_t>(split.train.begin(), split.train.begin() + 3),
              ElementsAre(25791, 45671, 19906));
}

}  // namespace
}  // namespace winnow::label
