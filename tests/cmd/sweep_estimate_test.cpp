// How long a sweep takes, from what trials measured.
#include "sweep_estimate.h"

#include <gtest/gtest.h>

namespace winnow::cmd {
namespace {

TEST(StageTimes, AnEpochIsItsStepsItsPassesAndAnEvaluation) {
  Value measured = {{"once", 5.0},         {"first_step", 0.1}, {"later_step", 0.2}, {"first_passes", 1.0},
                    {"later_passes", 2.0}, {"evaluation", 3.0}, {"epochs", 4},       {"steps_per_epoch", 100}};
  StageTimes times = StageTimes::from(measured);
  EXPECT_DOUBLE_EQ(times.stage(1), 5 + 10 + 1 + 3);
  EXPECT_DOUBLE_EQ(times.stage(3), 5 + (10 + 1 + 3) + 2 * (20 + 2 + 3)) << "a stage of its class with other epochs";
  EXPECT_DOUBLE_EQ(times.stage(0), 5) << "one that does not train";
}

TEST(StageTimes, WhatATrainerLeavesOutTakesNoTime) {
  StageTimes times = StageTimes::from({{"once", 2.0}, {"first_step", "fast"}, {"evaluation", -1.0}});
  EXPECT_DOUBLE_EQ(times.stage(0), 2);
  EXPECT_DOUBLE_EQ(times.stage(7), 2);
}

TEST(Makespan, OneTrainerTakesTheSum) { EXPECT_DOUBLE_EQ(makespan({{3}, {4}, {5}}, 1), 12); }

TEST(Makespan, SeveralTakeTheLongestFirst) {
  EXPECT_DOUBLE_EQ(makespan({{1}, {1}, {1}, {3}}, 2), 3);
  EXPECT_DOUBLE_EQ(makespan({{1}, {2}}, 100), 2);
  EXPECT_DOUBLE_EQ(makespan({}, 4), 0);
}

TEST(Makespan, AnInputComesFirst) {
  EXPECT_DOUBLE_EQ(makespan({{2, 1, {}}, {3, 1, {0}}, {4, 1, {0}}}, 2), 6);
  EXPECT_DOUBLE_EQ(makespan({{1, 1, {}}, {1, 1, {0}}, {1, 1, {1}}, {1, 1, {2}}}, 8), 4) << "a chain";
  EXPECT_DOUBLE_EQ(makespan({{0, 1, {}}, {1, 1, {0}}}, 1), 1) << "what takes no time is done at once";
}

TEST(Makespan, AGangTakesItsTrainersTogether) {
  EXPECT_DOUBLE_EQ(makespan({{2, 2, {}}, {2, 2, {}}}, 2), 4);
  EXPECT_DOUBLE_EQ(makespan({{2, 2, {}}, {2, 2, {}}}, 4), 2);
  EXPECT_DOUBLE_EQ(makespan({{2, 8, {}}, {1, 1, {}}}, 2), 3) << "wider than all: it takes all";
}

}  // namespace
}  // namespace winnow::cmd
