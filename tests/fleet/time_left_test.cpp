#include "winnow/fleet/time_left.h"

#include <gtest/gtest.h>

namespace winnow::fleet {
namespace {

using Outlook = std::vector<sched::Scheduler::Outlook>;

TEST(TimeLeft, IsNotKnownBeforeAnythingIs) {
  EXPECT_FALSE(time_left({{3, 1, std::nullopt}}, {1}, {}, 2));
  EXPECT_FALSE(time_left({{3, 1, 10.0}}, {1}, {}, 0)) << "nobody is there to do it";
  EXPECT_FALSE(time_left({{3, 1, std::nullopt}}, {1}, {{0, 5, 0.01}}, 2)) << "one step says nothing of the rest";
}

TEST(TimeLeft, SpreadsWhatIsKnownOverTheSlots) {
  EXPECT_EQ(time_left({{4, 1, 10.0}, {2, 1, 100.0}}, {1, 1}, {}, 2)->seconds, 120);
  EXPECT_EQ(time_left({{4, 1, 10.0}, {2, 2, 100.0}}, {1, 1}, {}, 4)->seconds, 110) << "gangs of two take two slots";
  EXPECT_EQ(time_left({{1, 1, 100.0}}, {1}, {}, 8)->seconds, 100) << "not faster than the longest";
}

// In the quickstart the many short stages come first: the average of those done says too little, and grows.
TEST(TimeLeft, OfUnseenClassesIsGuessedFromTheirSize) {
  std::optional<TimeLeft> left = time_left({{10, 1, 2.0}, {3, 1, std::nullopt}}, {100, 900}, {}, 1);
  EXPECT_DOUBLE_EQ(left->seconds, 10 * 2 + 3 * 18);
  EXPECT_EQ(left->kinds, 1u);
  EXPECT_EQ(left->guessed, 3u);
}

TEST(TimeLeft, OfAnUnseenClassComesFromTheStageThatRuns) {
  std::optional<TimeLeft> left = time_left({{2, 1, std::nullopt}}, {1}, {{0, 30, 0.25}}, 1);
  EXPECT_DOUBLE_EQ(left->seconds, 90 + 120);
  EXPECT_EQ(left->guessed, 0u);
}

TEST(TimeLeft, OfARunningStageGoesByWhatItTold) {
  EXPECT_DOUBLE_EQ(time_left({{1, 1, 100.0}}, {1}, {{0, 100, 0.5}}, 1)->seconds, 100) << "slower today";
  EXPECT_DOUBLE_EQ(time_left({{1, 1, 100.0}}, {1}, {{0, 130, std::nullopt}}, 1)->seconds, 0)
      << "overdue, never negative";
  EXPECT_DOUBLE_EQ(time_left({{1, 1, 100.0}}, {1}, {{0, 10, 0.5}, {0, 10, 0.5}}, 1)->seconds, 10)
      << "more attempts than stages";
}

}  // namespace
}  // namespace winnow::fleet
