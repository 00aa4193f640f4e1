// A method that runs twice is two stages, whoever names it; and a detector with a recipe of its own keeps it where it
// runs as a stage of others.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using testing::HasSubstr;

struct RunsTwice : SweepTest {
  RunsTwice() { catalogue_ = whole_catalogue(); }

  static Stage stage(const Plan& p, std::string_view label) {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    throw InternalError(std::string(label));
  }
  static std::size_t count(const Plan& p, std::string_view label) {
    std::size_t result = 0;
    for (const auto& node : p.nodes()) result += node.label == label;
    return result;
  }
  static std::string noisy(const std::string& rest) {
    return sweep("labels = { kind = \"symmetric\", rate = 0.4 }\n" + rest);
  }
};

TEST_F(RunsTwice, TheSecondRunTakesWhatTheFirstOneSelectedAndNotItsKeys) {
  for (const char* text :
       {"method = \"longremix\"\nhistory = 3\nlambda_u = 7.0",
        "method = \"detect-train\"\ndetect = { method = \"longremix\", history = 3, lambda_u = 7.0 }"}) {
    Plan p = plan(noisy(text));
    Stage first = stage(p, "first-run"), second = stage(p, p.nodes().size() == 3 ? "train" : "detect");
    EXPECT_EQ(first.kind, StageKind::detect);
    EXPECT_EQ(first.settings.integer("history"), 3);
    EXPECT_TRUE(first.outputs.count(Output::selection));
    EXPECT_FALSE(first.inputs.count("confident"));
    EXPECT_FALSE(second.settings.has("history"));
    EXPECT_FALSE(second.settings.has("lookback_share"));
    EXPECT_EQ(second.settings.text("method"), "longremix");
    ASSERT_TRUE(second.inputs.count("confident"));
    EXPECT_EQ(second.inputs.at("confident").stage, first.identity());
    EXPECT_EQ(second.inputs.at("confident").output, Output::selection);
    EXPECT_TRUE(second.inputs.count("backbone")) << "it starts from scratch";
    for (const Stage& run : {first, second}) EXPECT_EQ(run.settings.real("lambda_u"), 7);
  }
}

TEST_F(RunsTwice, AnAxisOfTheFirstRunAloneMakesSecondRunsThatDiffer) {
  Plan p =
      plan(noisy("method = \"detect-train\"\n[[grid]]\ndetect.method = [\"longremix\", \"gmm\"]\nseed = [0, 1]\n"
                 "[[grid]]\ndetect.method = [\"longremix\"]\n\"detect.history\" = [4, 3]\nseed = [0, 1]"));
  EXPECT_EQ(count(p, "first-run"), 6u);
  EXPECT_EQ(count(p, "detect"), 8u);
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) ASSERT_EQ(p.stage(i).identity(), p.nodes()[i].identity) << i;
}

TEST_F(RunsTwice, ADetectorsOwnRecipeHoldsWhereItIsAStageOfOthers) {
  auto detect = [&](const std::string& rest) {
    return stage(plan(noisy("method = \"detect-train\"\n" + rest)), "detect");
  };
  Stage turn = detect("adapt = \"adaptformer\"\ndetect = { method = \"turn\" }");
  EXPECT_EQ(turn.settings.text("adapt"), "linear-probe") << "a frozen model is probed";
  Stage reference = detect("profile = \"reference\"\ndetect = { method = \"turn\" }");
  EXPECT_EQ(reference.settings.integer("train.epochs"), 20);
  EXPECT_EQ(reference.settings.text("adapt"), "linear-probe");
  Stage own = detect("profile = \"reference\"\ndetect = { method = \"turn\", train = { epochs = 3 } }");
  EXPECT_EQ(own.settings.integer("train.epochs"), 3) << "what the sweep says stands above it";
  Stage other = detect("profile = \"reference\"\ndetect = { method = \"gmm\" }");
  EXPECT_EQ(other.settings.text("adapt"), "vpt-deep") << "of a method without one, the stage's";
}

TEST_F(RunsTwice, WhichRuleTrainedIsASettingOfTheExperiment) {
  Plan p =
      plan(noisy("method = \"detect-train\"\n[[grid]]\ndetect = [{ method = \"rolt\" }, { method = \"rolt\", "
                 "train_rule = \"ce\" }]"));
  std::set<std::string> rules;
  for (std::size_t i = 0; i < p.experiments(); ++i) rules.insert(p.settings(i).text("detect.train_rule"));
  EXPECT_EQ(rules, (std::set<std::string>{"ce", "own"}));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"rolt\", train_rule = \"ce\", "
                            "ensemble_momentum = 0.5 }")),
              HasSubstr("detect.ensemble_momentum applies to no experiment of the sweep"));
}

}  // namespace
}  // namespace winnow::sweep
