// Several sweeps in one run: what they share is there once, and each needs what it needs.
#include "united_plans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "../folder.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kGrid = "[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1]\n";
constexpr const char* kOverlapping = "[[grid]]\nmethod = [\"proden\", \"lws\"]\nseed = [1, 0, 2]\n";

class United : public testing::Test {
 protected:
  Folder folder_;

  sweep::Plan plan(const std::string& name, const std::string& rest) {
    Path file = folder_ / (name + ".toml");
    write_file_atomically(file, "name = \"" + name +
                                    "\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = "
                                    "\"nano-clip\"\n" +
                                    rest);
    return sweep::Plan::read(file, sweep::Catalogue::built_in({{"fashion-mnist", "f"}}));
  }
  UnitedPlans united(std::vector<std::pair<std::string, std::string>> sweeps, std::set<Identity> done = {}) {
    std::vector<sweep::Plan> plans;
    for (const auto& [name, rest] : sweeps) plans.push_back(plan(name, rest));
    return UnitedPlans(std::move(plans), [=](const Identity& identity) { return done.count(identity) > 0; });
  }
  static std::size_t count(const std::vector<bool>& bits) {
    return static_cast<std::size_t>(std::count(bits.begin(), bits.end(), true));
  }
};

TEST_F(United, OneSweepKeepsItsNumbersAndLabels) {
  UnitedPlans all = united({{"a", kGrid}});
  const sweep::Plan& plan = all.plans()[0];
  ASSERT_EQ(all.stages().size(), plan.nodes().size());
  for (std::uint32_t i = 0; i < all.stages().size(); ++i) {
    EXPECT_EQ(all.stages()[i].identity, plan.nodes()[i].identity);
    EXPECT_EQ(all.inputs(i), std::vector<std::uint32_t>(plan.nodes()[i].inputs.begin(), plan.nodes()[i].inputs.end()));
    EXPECT_THAT(all.label(i), Not(HasSubstr("a: ")));
  }
}

TEST_F(United, WhatSweepsShareIsThereOnceAndInputsComeFirst) {
  UnitedPlans all = united({{"a", kGrid}, {"b", kOverlapping}});
  std::set<Identity> identities;
  for (std::uint32_t i = 0; i < all.stages().size(); ++i) {
    const UnitedPlans::Member& stage = all.stages()[i];
    EXPECT_TRUE(identities.insert(stage.identity).second) << "twice";
    EXPECT_EQ(all.regenerate(i).identity(), stage.identity) << i;
    Stage regenerated = all.regenerate(i);
    std::set<Identity> wanted, inputs;
    for (const auto& [name, input] : regenerated.inputs) wanted.insert(input.stage);
    for (std::uint32_t input : all.inputs(i)) {
      EXPECT_LT(input, i);
      inputs.insert(all.stages()[input].identity);
    }
    EXPECT_EQ(inputs, wanted);
    bool shared = stage.plans == 2;
    EXPECT_EQ(all.needed_by(0)[i] && all.needed_by(1)[i], shared);
    EXPECT_THAT(all.label(i), HasSubstr(shared ? "a, b: " : all.needed_by(0)[i] ? "a: " : "b: "));
  }
  EXPECT_EQ(all.stages().size(), 1u + 4 + 4) << "a backbone; cc, proden and lws; two of proden are shared";
  EXPECT_EQ(count(all.needed_by(0)), 5u);
  EXPECT_EQ(count(all.needed_by(1)), 7u);
}

TEST_F(United, TheOrderOfTheSweepsIsTheirPriority) {
  UnitedPlans all = united({{"b", kOverlapping}, {"a", kGrid}});
  for (std::uint32_t i = 0; i < all.stages().size(); ++i) EXPECT_EQ(all.first_need(i), all.needed_by(0)[i] ? 0u : 1u);
}

// A sweep whose cells are done needs no backbone, though it plans it: it is the other one's, and has its priority.
TEST_F(United, AStageBelongsToThoseThatStillNeedIt) {
  UnitedPlans first = united({{"a", kGrid}, {"b", kOverlapping}});
  std::set<Identity> cells;
  for (std::size_t i = 0; i < first.plans()[0].experiments(); ++i)
    cells.insert(first.plans()[0].nodes()[first.plans()[0].cell_node(i)].identity);
  UnitedPlans all = united({{"a", kGrid}, {"b", kOverlapping}}, cells);
  EXPECT_EQ(count(all.needed_by(0)), 0u);
  EXPECT_EQ(all.done_of(0), 4u);
  EXPECT_EQ(all.done_of(1), 2u);
  EXPECT_EQ(count(all.needed_by(1)), 1u + 4);
  EXPECT_EQ(all.stages()[0].plans, 2u) << "the backbone";
  EXPECT_EQ(all.first_need(0), 1u);
  EXPECT_THAT(all.label(0), AllOf(HasSubstr("b: "), Not(HasSubstr("a, b"))));
  EXPECT_EQ(united({{"a", kGrid}}, cells).first_need(0), 1u) << "nobody needs it";
}

TEST_F(United, AStageIsAsWideAsTheWidestSweepAsksFor) {
  UnitedPlans all = united({{"a", kGrid}, {"b", std::string(kOverlapping) + "width = [3]\n"}});
  for (std::uint32_t i = 1; i < all.stages().size(); ++i)
    EXPECT_EQ(all.stages()[i].width, all.needed_by(1)[i] ? 3u : 1u) << all.label(i);
}

TEST_F(United, ManySweepsThatShareAStageAreCounted) {
  UnitedPlans all = united({{"a", kGrid}, {"b", kGrid}, {"c", kGrid}, {"d", kOverlapping}});
  EXPECT_THAT(all.label(0), HasSubstr("a, b and 2 more: "));
}

class Added : public United {
 protected:
  using Stand = UnitedPlans::Stand;
  static bool never(const Identity&) { return false; }
};

TEST_F(Added, WhatIsOpenKeepsItsNumber) {
  UnitedPlans all = united({{"a", kGrid}}), together = united({{"a", kGrid}, {"b", kOverlapping}});
  EXPECT_EQ(all.add(plan("b", kOverlapping), never, [](std::uint32_t) { return Stand::open; }), 1u);
  ASSERT_EQ(all.stages().size(), together.stages().size());
  for (std::uint32_t i = 0; i < all.stages().size(); ++i) {
    EXPECT_EQ(all.stages()[i].identity, together.stages()[i].identity);
    EXPECT_EQ(all.inputs(i), together.inputs(i));
    EXPECT_EQ(all.label(i), together.label(i));
    for (std::size_t p : {0, 1}) EXPECT_EQ(all.needed_by(p)[i], together.needed_by(p)[i]);
  }
}

TEST_F(Added, WhatIsDoneMeanwhileIsNotNeeded) {
  UnitedPlans all = united({{"a", kGrid}});
  all.add(plan("b", kOverlapping), never, [](std::uint32_t) { return Stand::done; });
  EXPECT_EQ(count(all.needed_by(1)), 4u) << "lws and the new seed of proden";
  EXPECT_EQ(all.done_of(1), 3u) << "the backbone and two of proden";
}

// The backbone of a sweep whose cells are done was not to be executed; what was cancelled is not either.
TEST_F(Added, WhatCannotBeHadAnyMoreIsThereAgain) {
  UnitedPlans first = united({{"a", kGrid}});
  std::set<Identity> cells;
  for (std::size_t i = 0; i < first.plans()[0].experiments(); ++i)
    cells.insert(first.plans()[0].nodes()[first.plans()[0].cell_node(i)].identity);
  UnitedPlans all = united({{"a", kGrid}}, cells);
  std::size_t before = all.stages().size();
  all.add(plan("b", kOverlapping), never, [](std::uint32_t) { return Stand::gone; });
  EXPECT_EQ(all.stages().size(), before + 5) << "the backbone once more, lws, and the new seed of proden";
  EXPECT_EQ(all.distinct(), before + 4);
  EXPECT_EQ(all.stages()[before].identity, all.stages()[0].identity);
  for (std::uint32_t stage = static_cast<std::uint32_t>(before) + 1; stage < all.stages().size(); ++stage)
    EXPECT_EQ(all.inputs(stage), std::vector{static_cast<std::uint32_t>(before)});

  all.add(plan("c", kOverlapping), never, [](std::uint32_t) { return Stand::gone; });
  EXPECT_EQ(all.stages().size(), before + 5 + 7 - 2) << "the cells of a have results, whatever became of the rest";
}

TEST_F(Added, WhatIsReplacedNeedsNothing) {
  UnitedPlans all = united({{"a", kGrid}});
  all.add(plan("a", kOverlapping), never, [](std::uint32_t) { return Stand::open; });
  all.retire(0);
  EXPECT_EQ(count(all.needed_by(0)), 0u);
  EXPECT_THAT(all.label(0), HasSubstr("a: ")) << "and not a, a";
  EXPECT_THAT(all.label(0), Not(HasSubstr("a, a")));
}

}  // namespace
}  // namespace winnow::cmd
