#include "shards.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "../refusal.h"
#include "fleet_work.h"
#include "small_plan.h"
#include "winnow/core/error.h"

namespace winnow::cmd {
namespace {

using testing::HasSubstr;

UnitedPlans plans_of(const Folder& folder, const std::string& grid, bool done = false) {
  std::vector<sweep::Plan> plans;
  plans.push_back(small_plan(folder, grid));
  std::size_t asked = 0;
  return UnitedPlans(std::move(plans), [&](const Identity&) { return done && ++asked % 3 == 0; });
}

// How many shards compute each stage.
std::vector<int> times(const UnitedPlans& plans, std::uint32_t count) {
  std::vector<int> result(plans.stages().size());
  for (std::uint32_t index = 1; index <= count; ++index) {
    std::vector<bool> mine = stages_of(plans, {index, count});
    for (std::size_t stage = 0; stage < mine.size(); ++stage) {
      result[stage] += mine[stage];
      if (!mine[stage]) continue;
      for (std::uint32_t input : plans.inputs(static_cast<std::uint32_t>(stage)))
        EXPECT_TRUE(mine[input]) << "a stage without its input";
    }
  }
  return result;
}

constexpr const char* kMany =
    "method = [\"cc\", \"proden\"]\nlabels = { kind = \"flip\", rate = 0.1 }\nseed = [0, 1, 2, 3]\n";

TEST(Shards, EachStageIsOfOneButWhatAllNeed) {
  Folder folder;
  UnitedPlans plans = plans_of(folder, kMany);
  std::vector<int> computed = times(plans, 3);
  for (std::uint32_t stage = 0; stage < computed.size(); ++stage)
    EXPECT_EQ(computed[stage], plans.regenerate(stage).kind == StageKind::pretrain ? 3 : 1) << stage;
}

TEST(Shards, DoNotDependOnWhatIsDone) {
  Folder folder;
  EXPECT_EQ(stages_of(plans_of(folder, kMany), {2, 3}), stages_of(plans_of(folder, kMany, true), {2, 3}));
}

TEST(Shards, ASweepWithStagesOfOthersIsNotComplete) {
  Folder folder;
  UnitedPlans plans = plans_of(folder, kMany);
  plans.restrict_to(stages_of(plans, {1, 3}));
  auto mine = static_cast<std::size_t>(std::count(plans.needed_by(0).begin(), plans.needed_by(0).end(), true));
  EXPECT_GT(plans.left_out_of(0), 0u);
  EXPECT_EQ(mine + plans.left_out_of(0), plans.stages().size());
  const FleetWork work(plans, {}, {});
  EXPECT_EQ(work.work().sweeps[0].left_out, plans.left_out_of(0));
}

TEST(Shards, WhatSharesAStageOfItsOwnStaysTogether) {
  Folder folder;
  UnitedPlans plans =
      plans_of(folder,
               "method = \"detect-train\"\nlabels = { kind = \"symmetric\", rate = 0.4 }\n"
               "train = [{ epochs = 1 }, { epochs = 2 }]\ndetect = { method = \"gmm\", train = { epochs = 1 } }\n"
               "seed = [0, 1]\n");
  std::vector<bool> first = stages_of(plans, {1, 2});
  for (std::uint32_t stage = 0; stage < first.size(); ++stage)
    for (std::uint32_t input : plans.inputs(stage)) {
      if (plans.regenerate(input).kind == StageKind::detect) {
        EXPECT_EQ(first[stage], first[input]) << "a detector is computed twice";
      }
    }
}

TEST(Shards, MoreThanThereArePartsLeavesSomeEmpty) {
  Folder folder;
  UnitedPlans plans = plans_of(folder, "method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.1 }\nseed = [0, 1]\n");
  for (int computed : times(plans, 5)) EXPECT_GE(computed, 1);
}

TEST(Shards, AreWrittenAsWhichOfHowMany) {
  EXPECT_EQ(Shard::parse("2/4").index, 2u);
  EXPECT_EQ(Shard::parse("2/4").count, 4u);
  for (const char* wrong : {"", "2", "/", "0/4", "5/4", "2/0", "a/4", "2/b", "2/4x", "-1/4", "2//4", " 2/4"})
    EXPECT_THAT(refusal([&] { Shard::parse(wrong); }), HasSubstr("say which of how many")) << wrong;
}

}  // namespace
}  // namespace winnow::cmd
