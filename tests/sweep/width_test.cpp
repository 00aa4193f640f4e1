// The width of a stage: how many processes execute it together. Where it comes from, and that it changes no result.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Width : public SweepTest {
 protected:
  static std::vector<std::string> identities(const Plan& p) {
    std::vector<std::string> result;
    for (const Node& node : p.nodes()) result.push_back(node.identity.hex());
    return result;
  }
  static std::vector<std::uint32_t> widths(const Plan& p) {
    std::vector<std::uint32_t> result;
    for (const Node& node : p.nodes()) result.push_back(node.width);
    return result;
  }
  const std::string two_methods_ = "[[grid]]\nmethod = [\"cc\", \"proden\"]\n";
};

TEST_F(Width, IsOneUnlessSomebodySaysMore) { EXPECT_THAT(widths(plan(sweep(two_methods_))), ElementsAre(1u, 1u, 1u)); }

TEST_F(Width, ChangesNoIdentityAndNoSettingOfAStage) {
  Plan narrow = plan(sweep(two_methods_)), wide = plan(sweep(two_methods_), {"width=4"});
  EXPECT_EQ(identities(narrow), identities(wide));
  for (std::uint32_t i = 0; i < wide.nodes().size(); ++i) {
    EXPECT_FALSE(wide.stage(i).settings.has("width")) << i;
    EXPECT_EQ(wide.stage(i).identity(), wide.nodes()[i].identity);
  }
}

TEST_F(Width, MayBeSetWhereverSettingsMay) {
  EXPECT_THAT(widths(plan(sweep("width = 2\n" + two_methods_))), ElementsAre(1u, 2u, 2u))
      << "[base]; a backbone is made by one process";
  EXPECT_THAT(widths(plan(sweep("width = 2\n" + two_methods_), {"width=8"})), ElementsAre(1u, 8u, 8u)) << "--set";
  EXPECT_THAT(
      widths(plan(sweep("[[grid]]\nzip = [{ method = \"cc\", width = 3 }, { method = \"proden\", width = 5 }]"))),
      ElementsAre(1u, 3u, 5u))
      << "grid";
  EXPECT_THAT(widths(plan(sweep(two_methods_ + "[[override]]\nwhen = { method = \"proden\" }\nset = { width = 64 }"))),
              ElementsAre(1u, 1u, 64u));
}

TEST_F(Width, IsNoAxisOfTables) {
  Plan p = plan(sweep("[[grid]]\nzip = [{ method = \"cc\", width = 3 }, { method = \"proden\", width = 5 }]"));
  EXPECT_THAT(p.axes(), ElementsAre("method"));
  EXPECT_TRUE(p.values("width").empty());
  EXPECT_EQ(p.settings(1).integer("width"), 5) << "but every experiment has one";
}

TEST_F(Width, SaysWhoSetIt) {
  Plan p = plan(sweep("width = 2\n" + two_methods_));
  auto explained = p.explain(0);
  auto found =
      std::find_if(explained.begin(), explained.end(), [](const Explained& entry) { return entry.key == "width"; });
  ASSERT_NE(found, explained.end());
  EXPECT_EQ(found->where, "s.toml:4");
}

// Two profiles whose values are the same share a stage.
TEST_F(Width, OfASharedStageIsTheLargestThatIsAskedFor) {
  Plan p =
      plan(sweep("method = \"proden\"\n[[grid]]\nzip = [{ profile = \"intended\", width = 4 }, { profile = "
                 "\"reference\", width = 2 }]"));
  if (p.nodes().size() != 2) GTEST_SKIP() << "the profiles of proden differ now: take another method";
  EXPECT_THAT(widths(p), ElementsAre(1u, 4u));
}

TEST_F(Width, HoldsForEarlierStagesOfTheRecipe) {
  catalogue_ = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}});
  Plan p =
      plan(sweep("width = 2\nlabels = { kind = \"symmetric\", rate = 0.4 }\nmethod = \"detect-train\"\ndetect = { "
                 "method = \"gmm\" }"));
  for (const Node& node : p.nodes()) EXPECT_EQ(node.width, node.label == "backbone" ? 1u : 2u) << node.label;
}

TEST_F(Width, AloneMakesNoExperiments) {
  EXPECT_THAT(refusal(sweep("method = \"cc\"\n[[grid]]\nwidth = [1, 2]")),
              HasSubstr("experiments 0 (s.toml:5) and 1 are equal"));
}

TEST_F(Width, IsAnIntegerInItsRange) {
  for (const char* bad : {"0", "65", "-1", "1.5", "\"2\"", "true", "[2]"})
    EXPECT_THAT(refusal(sweep("method = \"cc\"\nwidth = " + std::string(bad))),
                HasSubstr("s.toml:5: width: expected an integer in [1, 64], got "))
        << bad;
  EXPECT_THAT(refusal(sweep("method = \"cc\"\nwidht = 2")), HasSubstr("(did you mean 'width'?)"));
  EXPECT_EQ(refusal(sweep("method = \"cc\"\n"), {"width=65"}),
            "--set width=65: width: expected an integer in [1, 64], got 65");
}

// It is one for all stages of an experiment.
TEST_F(Width, CannotBeSetForAnEarlierStageAlone) {
  catalogue_ = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}});
  EXPECT_THAT(refusal(sweep("labels = { kind = \"symmetric\", rate = 0.4 }\nmethod = \"detect-train\"\ndetect = { "
                            "method = \"gmm\", width = 2 }")),
              HasSubstr("width"));
}

}  // namespace
}  // namespace winnow::sweep
