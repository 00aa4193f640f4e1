#include "time_estimate.h"

#include <gtest/gtest.h>

#include "duration_class.h"
#include "small_plan.h"

namespace winnow::cmd {
namespace {

class Time : public testing::Test {
 protected:
  Folder folder_;
  sweep::Plan plan_ = small_plan(folder_, "method = [\"cc\", \"proden\"]\nseed = [0, 1, 2]\n");
  std::vector<bool> done_ = std::vector<bool>(plan_.nodes().size());

  std::string class_of(std::size_t experiment) {
    std::uint32_t node = plan_.cell_node(experiment);
    return duration_class(plan_.stage(node), plan_.nodes()[node].label, plan_.nodes()[node].width).name;
  }
};

TEST_F(Time, OfStagesLikeWhichNoneRanIsNotCounted) {
  TimeEstimate time = time_estimate(plan_, done_, {});
  EXPECT_EQ(time.to_run, 7u);
  EXPECT_EQ(time.unknown, 7u);
  time = time_estimate(plan_, done_, {{class_of(0), {100, 4}}});
  EXPECT_EQ(time.unknown, 4u) << "the other method, and the backbone";
  EXPECT_EQ(time.seconds, 300);
  EXPECT_EQ(time.measured, 4u);
}

TEST_F(Time, OnManySlotsIsThatOfTheLongest) {
  TimeEstimate time = time_estimate(plan_, done_, {{class_of(0), {100, 4}}});
  EXPECT_EQ(time.makespan(1), 300);
  EXPECT_EQ(time.makespan(2), 150);
  EXPECT_EQ(time.makespan(8), 100);
}

TEST_F(Time, OfWhatIsDoneIsNone) {
  done_.assign(done_.size(), true);
  TimeEstimate time = time_estimate(plan_, done_, {{class_of(0), {100, 4}}});
  EXPECT_EQ(time.to_run, 0u);
  EXPECT_EQ(time.seconds, 0);
}

TEST_F(Time, OfManyStagesIsThatOfSomeOfThem) {
  std::string seeds = "0";
  for (int seed = 1; seed < 2000; ++seed) seeds += ", " + std::to_string(seed);
  plan_ = small_plan(folder_, "method = [\"cc\"]\nseed = [" + seeds + "]\n");
  done_.assign(plan_.nodes().size(), false);
  TimeEstimate time = time_estimate(plan_, done_, {{class_of(0), {10, 1}}});
  EXPECT_NEAR(time.seconds, 20'000, 100);
}

}  // namespace
}  // namespace winnow::cmd
