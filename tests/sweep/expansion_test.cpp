// Which experiments a sweep comes to, in which order, with which values.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::ElementsAre;

class Expansion : public SweepTest {
 protected:
  // One text an experiment: the values of these keys, "-" where a key does not exist.
  static std::vector<std::string> table(const Plan& plan, const std::vector<std::string>& keys) {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < plan.experiments(); ++i) {
      Settings settings = plan.settings(i);
      std::string row;
      for (const std::string& key : keys) {
        Value value = settings.has(key) ? settings.all().at(key) : Value("-");
        row += (row.empty() ? "" : " ") + (value.is_string() ? value.get<std::string>() : value.dump());
      }
      rows.push_back(row);
    }
    return rows;
  }
  static Explained explained(const Plan& plan, std::size_t experiment, const std::string& key) {
    for (const Explained& entry : plan.explain(experiment))
      if (entry.key == key) return entry;
    return {};
  }
  static std::string level(const Plan& plan, std::size_t experiment, const std::string& key) {
    Explained entry = explained(plan, experiment, key);
    return entry.value.dump() + " by " + entry.level + ", " + entry.where;
  }
};

TEST_F(Expansion, WithoutGridsASweepIsOneExperiment) {
  Plan p = plan(sweep("method = \"cc\""));
  EXPECT_THAT(table(p, {"method", "seed"}), ElementsAre("cc 0"));
  EXPECT_EQ(p.name(), "s");
  EXPECT_TRUE(p.axes().empty());
}

TEST_F(Expansion, TheLastAxisOfTheFileVariesFastest) {
  Plan p = plan(sweep("[[grid]]\nseed = [1, 0]\nmethod = [\"proden\", \"cc\"]"));
  EXPECT_THAT(table(p, {"seed", "method"}), ElementsAre("1 proden", "1 cc", "0 proden", "0 cc"));
  EXPECT_THAT(p.axes(), ElementsAre("seed", "method"));
}

TEST_F(Expansion, GridsAreUnitedAndValuesMayBeTables) {
  Plan p = plan(sweep(R"(
[[grid]]
method = ["cc"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "uniform" }]
[[grid]]
method = ["ce"]
labels = { kind = "symmetric", rate = 1 }
train  = { lr = [0.1, 0.2] }
)"));
  EXPECT_THAT(table(p, {"method", "labels.kind", "labels.rate", "train.lr"}),
              ElementsAre("cc flip 0.1 0.0005", "cc uniform - 0.0005", "ce symmetric 1.0 0.1", "ce symmetric 1.0 0.2"));
  EXPECT_THAT(p.axes(), ElementsAre("method", "labels.kind", "labels.rate", "train.lr"));
  EXPECT_THAT(p.values("train.lr"), ElementsAre(Value(5e-4), Value(0.1), Value(0.2)));
  EXPECT_THAT(p.values("seed"), ElementsAre());
  EXPECT_THAT(p.methods(),
              ElementsAre(std::pair<std::string, std::size_t>("cc", 2), std::pair<std::string, std::size_t>("ce", 2)));
}

TEST_F(Expansion, ZipMovesSeveralKeysTogether) {
  Plan p = plan(sweep(R"(
method = "ce"
[[grid]]
zip  = [{ "labels.kind" = "symmetric", "labels.rate" = 0.4, "train.lr" = 0.03 }, { train = { lr = 0.01 } }]
seed = [0, 1]
)"));
  EXPECT_THAT(table(p, {"labels.kind", "labels.rate", "train.lr", "seed"}),
              ElementsAre("symmetric 0.4 0.03 0", "symmetric 0.4 0.03 1", "clean - 0.01 0", "clean - 0.01 1"));
}

TEST_F(Expansion, OverridesApplyInOrderAndSeeEarlierOnes) {
  Plan p = plan(sweep(R"(
[[grid]]
method = ["cc", "proden", "crdpll"]
[[override]]
when = { method = ["cc", "proden"] }
set  = { "train.epochs" = 4, "train.batch" = 32 }
[[override]]
when = { train = { epochs = 4 }, method = "cc" }
set  = { train = { epochs = 5 } }
)"));
  EXPECT_THAT(table(p, {"method", "train.epochs", "train.batch"}),
              ElementsAre("cc 5 32", "proden 4 32", "crdpll 10 64"));
  EXPECT_THAT(p.axes(), ElementsAre("method", "train.epochs", "train.batch"));
}

TEST_F(Expansion, ConditionsSeeDefaultsAndTheCommandLine) {
  std::string text = sweep(R"(
method = "cc"
[[override]]
when = { "labels.kind" = "clean", seed = 7 }
set  = { scale = 5 }
)");
  EXPECT_THAT(table(plan(text), {"scale"}), ElementsAre("25.0"));
  EXPECT_THAT(table(plan(text, {"seed=7"}), {"scale"}), ElementsAre("5.0"));
  EXPECT_THAT(table(plan(text, {"seed=7", "scale=6"}), {"scale"}), ElementsAre("6.0"));
}

TEST_F(Expansion, ExcludesTakeOutWhatMatchesAllTheirConditions) {
  Plan p = plan(sweep(R"(
[[grid]]
method = ["cc", "proden"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.5 }, { kind = "clean" }]
[[exclude]]
method = "cc"
labels = { rate = [0.5, 0.7] }
)"));
  EXPECT_THAT(table(p, {"method", "labels.rate"}),
              ElementsAre("cc 0.1", "cc -", "proden 0.1", "proden 0.5", "proden -"));
}

TEST_F(Expansion, EveryLevelHidesThoseBelow) {
  catalogue_.methods.at("cc").profiles["reference"] = {{"scale", 1.0}, {"train.lr", 1.0}, {"train.eps", 1.0}};
  catalogue_.datasets.at("fashion-mnist").settings = {{"scale", 2.0}, {"train.lr", 2.0}};
  catalogue_.models.at("nano-clip").settings = {{"scale", 3.0}};
  catalogue_.methods.at("cc").datasets["fashion-mnist"] = {{"train.weight_decay", 4.0}};
  std::string text = sweep(R"(method = "cc"
profile = "reference"
train.batch = 5
[[grid]]
train.batch = [6]
train.epochs = [6]
seed = 6
[[override]]
when = { method = "cc" }
set = { seed = 7, "data.seed" = 7 }
)");
  Plan p = plan(text, {"data.seed=8"});
  EXPECT_EQ(level(p, 0, "train.momentum"), "null by , ");
  EXPECT_EQ(level(p, 0, "adapt"), "\"adaptformer\" by declared default, sweeps/presets/common.toml");
  EXPECT_EQ(level(p, 0, "train.eps"), "1.0 by profile reference, sweeps/presets/methods/cc.toml");
  EXPECT_EQ(level(p, 0, "train.lr"), "2.0 by preset of fashion-mnist, sweeps/presets/datasets/fashion-mnist.toml");
  EXPECT_EQ(level(p, 0, "scale"), "3.0 by preset of nano-clip, sweeps/presets/models/nano-clip.toml");
  EXPECT_EQ(level(p, 0, "train.weight_decay"), "4.0 by preset of cc for fashion-mnist, sweeps/presets/methods/cc.toml");
  EXPECT_EQ(level(p, 0, "profile"), "\"reference\" by base, s.toml:5");
  EXPECT_EQ(level(p, 0, "train.batch"), "6 by grid 1, s.toml:8");
  EXPECT_EQ(level(p, 0, "seed"), "7 by override 1, s.toml:13");
  EXPECT_EQ(level(p, 0, "data.seed"), "8 by --set, --set data.seed=8");
}

TEST_F(Expansion, ReferencesFollowWhatTheyName) {
  Plan p = plan(sweep(R"(
method = "cc"
data.seed = "=labels.seed"
[[grid]]
labels = [{ kind = "flip", rate = 0.5 }, { kind = "flip", rate = 0.5, seed = 3 }]
seed = [1, 2]
)"));
  EXPECT_THAT(table(p, {"seed", "labels.seed", "data.seed"}), ElementsAre("1 1 1", "2 2 2", "1 3 3", "2 3 3"));
  EXPECT_THAT(p.axes(), ElementsAre("labels.seed", "seed"));
}

TEST_F(Expansion, ConditionalKeysOfTheBaseAreDroppedWhereTheyDoNotApply) {
  Plan p = plan(sweep(R"(
conf_source = "pre-step"
labels.rate = 0.3
[[grid]]
method = ["cc", "proden"]
labels.kind = ["flip", "clean"]
)"));
  EXPECT_THAT(table(p, {"method", "labels.kind", "labels.rate", "conf_source"}),
              ElementsAre("cc flip 0.3 -", "cc clean - -", "proden flip 0.3 pre-step", "proden clean - pre-step"));
}

TEST_F(Expansion, MethodsThatNeedCandidatesTakeGivenLabelsAsSingletons) {
  EXPECT_EQ(refusal(sweep("method = \"proden\"\nlabels = { kind = \"symmetric\", rate = 0.2 }")), "accepted");
  EXPECT_EQ(refusal(sweep("method = \"proden\"")), "accepted");
  EXPECT_EQ(refusal(sweep("method = \"ce\"\nlabels = { kind = \"symmetric\", rate = 0.2 }")), "accepted");
}

TEST_F(Expansion, IdleOverridesAndExcludesAreNoted) {
  Plan p = plan(sweep(R"(method = "cc"
[[override]]
when = { method = "ce" }
set  = { seed = 1 }
[[exclude]]
seed = 5
)"));
  EXPECT_THAT(p.notes(),
              ElementsAre("s.toml:5: override 1 matches no experiment", "s.toml:8: exclude 1 matches no experiment"));
}

TEST_F(Expansion, TheDigestTellsWhetherTheSweepChanged) {
  std::string text = sweep("method = \"cc\"");
  EXPECT_EQ(plan(text).digest(), plan(text).digest());
  EXPECT_NE(plan(text).digest(), plan(text + " ").digest());
  EXPECT_NE(plan(text).digest(), plan(text, {"seed=0"}).digest());
}

}  // namespace
}  // namespace winnow::sweep
