#include "expected_durations.h"

#include <gtest/gtest.h>

namespace winnow::cmd {
namespace {

// Two open stages of a class of size 10, one of size 30, one that is done.
fleet::Work some_work() {
  fleet::Work work;
  work.graph.classes = {0, 0, 1, 2};
  work.graph.done = {false, false, false, true};
  work.classes = {"small", "large", "done"};
  work.sizes = {10, 30, 1};
  return work;
}

TEST(ExpectedDurations, OfAKindThatNeverRanAreGuessedFromItsSize) {
  auto expected = expected_durations(some_work(), {{"small", {5, 8}}, {"another", {1000, 1}}});
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->seconds, (std::vector<double>{5, 15, 0}));
  EXPECT_EQ(expected->kinds, 2u);
  EXPECT_EQ(expected->guessed, 1u);
  EXPECT_EQ(basis(*expected),
            "what 1 of 2 kinds of stages took here (8 stages); the others are guessed from their size");
}

TEST(ExpectedDurations, OrTakeWhatWasSaid) {
  auto expected = expected_durations(some_work(), {{"small", {5, 8}}}, 100);
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->seconds, (std::vector<double>{5, 100, 0}));
}

TEST(ExpectedDurations, NothingKnownIsNoAnswer) {
  EXPECT_FALSE(expected_durations(some_work(), {{"another", {5, 8}}}));
  auto expected = expected_durations(some_work(), {}, 60);
  ASSERT_TRUE(expected);
  EXPECT_EQ(basis(*expected), "no stage like these has run here: the duration that was said");
}

TEST(ExpectedDurations, OfWhatIsDoneNobodyAsks) {
  fleet::Work work = some_work();
  work.graph.done.assign(4, true);
  auto expected = expected_durations(work, {});
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->kinds, 0u);
}

}  // namespace
}  // namespace winnow::cmd
