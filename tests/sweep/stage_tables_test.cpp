// Earlier stages of a recipe: what their tables say, what they inherit, and which stages come of it.
#include <gmock/gmock.h>

#include <set>

#include "fixture.h"
#include "stage_keys.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class StageTables : public SweepTest {
 protected:
  void SetUp() override { catalogue_ = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}}); }

  static std::string noisy(const std::string& rest) {
    return "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\nlabels = { kind = \"symmetric\", "
           "rate = 0.4 }\n" +
           rest;
  }
  // small-loss with a real warm-up of 2 to 9 epochs, 2.5 where nothing is said; gmm as it is.
  static Catalogue two_declarations() {
    Catalogue catalogue = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}});
    for (Key& key : catalogue.methods.at("small-loss").keys)
      if (key.key == "warmup_epochs") key.type = Declaration::Type::real, key.min = 2, key.max = 9, key.fallback = 2.5;
    Method& owner = catalogue.methods.at("detect-train");
    std::erase_if(owner.keys, [](const Key& key) { return key.key.starts_with("detect."); });
    for (Key& key : stage_keys(owner, catalogue)) owner.keys.push_back(std::move(key));
    return catalogue;
  }
  static std::multiset<std::string> labels(const Plan& p) {
    std::multiset<std::string> result;
    for (const Node& node : p.nodes()) result.insert(std::string(node.label));
    return result;
  }
  // The one stage with this label.
  static Stage stage(const Plan& p, const std::string& label) {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    ADD_FAILURE() << "no stage " << label;
    return {};
  }
};

TEST_F(StageTables, ADetectorInheritsWhatItsTableDoesNotSay) {
  Plan p =
      plan(noisy("method = \"detect-train\"\nadapt = \"linear-probe\"\ntrain = { lr = 0.01, epochs = 7 }\n"
                 "detect = { method = \"gmm\", adapt = \"adaptformer\", train = { epochs = 3 } }"));
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "detect", "train"));
  Stage detect = stage(p, "detect"), train = stage(p, "train");
  EXPECT_EQ(detect.kind, StageKind::detect);
  EXPECT_EQ(detect.settings.text("method"), "gmm");
  EXPECT_EQ(detect.settings.text("adapt"), "adaptformer");
  EXPECT_EQ(detect.settings.integer("train.epochs"), 3);
  EXPECT_EQ(detect.settings.real("train.lr"), 0.01);
  EXPECT_EQ(detect.settings.integer("warmup_epochs"), 1);
  EXPECT_TRUE(detect.outputs.count(Output::selection));
  EXPECT_EQ(train.settings.text("method"), "ce");
  EXPECT_EQ(train.settings.text("adapt"), "linear-probe");
  EXPECT_EQ(train.settings.integer("train.epochs"), 7);
  EXPECT_FALSE(train.settings.has("warmup_epochs"));
  EXPECT_EQ(train.inputs.at("selection"), (Input{detect.identity(), Output::selection}));
  for (const auto& [key, value] : train.settings.all()) EXPECT_FALSE(key.starts_with("detect.")) << key;
}

// The canonical form leaves out what equals the key's own default, not what equals the value outside the table.
TEST_F(StageTables, ADetectorIsTheSameHoweverItsSettingsCameAbout) {
  auto detector = [&](const std::string& rest) {
    return stage(plan(noisy("method = \"detect-train\"\n" + rest)), "detect").identity().hex();
  };
  std::string said = detector("detect = { method = \"gmm\", train = { lr = 0.01 } }");
  EXPECT_EQ(detector("train.lr = 0.01\ndetect = { method = \"gmm\" }"), said);
  EXPECT_EQ(detector("train.lr = 0.02\ndetect = { method = \"gmm\", train = { lr = 0.01 } }"), said);
  EXPECT_EQ(
      detector(
          "adapt = \"linear-probe\"\ndetect = { method = \"gmm\", adapt = \"adaptformer\", train = { lr = 0.01 } }"),
      said);
  EXPECT_NE(detector("train.lr = 0.01\nadapt = \"linear-probe\"\ndetect = { method = \"gmm\" }"), said);
  EXPECT_NE(detector("detect = { method = \"gmm\" }"), said);
}

// A recipe whose detector is the only one that it may run has the stages of one that names it: the same experiment.
TEST_F(StageTables, ADetectorThatNeedNotBeNamedIsTheOneThatIs) {
  std::string by_name = "method = \"detect-train\"\ndetect = { method = \"dual-prompts\" }";
  for (const char* label : {"detect", "train"})
    EXPECT_EQ(stage(plan(noisy("method = \"deft\"")), label).identity(), stage(plan(noisy(by_name)), label).identity());
  EXPECT_EQ(stage(plan(noisy("method = \"deft\"")), "detect").settings.text("method"), "dual-prompts");
  EXPECT_THAT(refusal(noisy("[[grid]]\nmethod = [\"deft\"]\n[[grid]]\nmethod = [\"detect-train\"]\n"
                            "\"detect.method\" = [\"dual-prompts\"]")),
              HasSubstr("are equal"));
}

TEST_F(StageTables, ADetectorSharedByAdaptationsIsComputedOnce) {
  Plan p = plan(
      noisy("detect = { method = \"small-loss\", adapt = \"linear-probe\", train = { lr = 0.01 } }\n[[grid]]\nmethod = "
            "[\"detect-train\"]\n"
            "adapt = [\"adaptformer\", \"linear-probe\", \"full-tuning\"]\n\"train.lr\" = [0.1, 0.2]\nseed = [0, 1]"));
  EXPECT_EQ(p.experiments(), 12u);
  EXPECT_EQ(labels(p).count("detect"), 2u) << "one a seed";
  EXPECT_EQ(labels(p).count("train"), 12u);
  EXPECT_EQ(labels(p).count("backbone"), 1u);
}

TEST_F(StageTables, LabelMatchTrainsNothingAndDependsOnNoTrainingSetting) {
  Plan p =
      plan(noisy("[[grid]]\nmethod = [\"detect-train\"]\ndetect = [{ method = \"label-match\" }]\n\"train.lr\" = [0.1, "
                 "0.2]\nseed = [0, 1]\n"
                 "[[grid]]\nmethod = [\"label-match\"]\nseed = [0, 1]"));
  EXPECT_EQ(labels(p).count("score"), 1u) << "shared by both methods, both seeds and both rates";
  EXPECT_EQ(labels(p).count("detect"), 2u) << "one a realisation of the labels";
  EXPECT_EQ(labels(p).count("train"), 4u);
  std::set<std::int64_t> seeds;
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
    if (p.nodes()[i].label == "detect") seeds.insert(p.stage(i).settings.integer("labels.seed"));
  EXPECT_EQ(seeds, (std::set<std::int64_t>{0, 1}));
}

TEST_F(StageTables, AKeyThatExistsOnlyInTheTableNeedsNoOuterOne) {
  Plan p =
      plan(noisy("method = \"detect-train\"\ntrain.optimizer = \"adam\"\ndetect = { method = \"gmm\", train = { "
                 "optimizer = \"sgd\" } }"));
  EXPECT_EQ(stage(p, "detect").settings.real("train.momentum"), 0.9) << "its own default";
  EXPECT_FALSE(stage(p, "train").settings.has("train.momentum"));
}

TEST_F(StageTables, TheFastWayIsTheSlowWay) {
  Plan p =
      plan(noisy("[[grid]]\nmethod = [\"detect-train\"]\ndetect = [{ method = \"label-match\" }, { method = "
                 "\"small-loss\", forget_rate = 0.3 }, { method = "
                 "\"gmm\", threshold = 0.7, \"train.epochs\" = 2 }]\n\"detect.prompt\" = \"a {}.\"\nadapt = "
                 "[\"adaptformer\", \"linear-probe\"]\n"
                 "\"labels.rate\" = [0.2, 0.4]\n\"train.lr\" = [5e-4, 0.1]\nseed = [0, 1]\n"
                 "[[grid]]\nmethod = [\"label-match\"]\nprompt = [\"a photo of a {}.\", \"the {}.\"]\n\"labels.rate\" "
                 "= [0.2, 0.4]\n"
                 "[[grid]]\nmethod = [\"detect-train\"]\n\"detect.method\" = [\"gmm\"]\n\"detect.train.lr\" = [5e-4, "
                 "0.3]\n\"detect.max_iter\" = [10, 20]\n"
                 "\"train.lr\" = [0.7, 5e-4]\n\"detect.train.batch\" = [64, 32]"));
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) ASSERT_EQ(p.stage(i).identity(), p.nodes()[i].identity) << i;
}

TEST_F(StageTables, Refusals) {
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"")),
              HasSubstr("detect.method is not set: expected one of label-match, small-loss, gmm, dual-prompts, "
                        "dividemix, rolt, rolt-plus, unicon, longremix, promix, turn"));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"gm\" }")),
              HasSubstr("s.toml:7: detect.method: expected one of label-match, "
                        "small-loss, gmm, dual-prompts, dividemix, rolt, rolt-plus, unicon, longremix, promix, turn, "
                        "file, got \"gm\" "
                        "(did you mean 'gmm'?)"));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"gmm\", treshold = 0.5 }")),
              HasSubstr("s.toml:7: unknown key 'detect.treshold' (did you mean 'detect.threshold'?)"));
  EXPECT_THAT(
      refusal(noisy("method = \"detect-train\"\ndetect = { method = \"label-match\", train = { epochs = 3 } }")),
      HasSubstr("detect.train.epochs applies to no experiment of the sweep"));
  EXPECT_THAT(refusal(noisy("method = \"ce\"\ndetect = { method = \"gmm\" }")),
              HasSubstr("detect.method applies to no experiment of the sweep"));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"gmm\", dataset = \"fashion-mnist\" }")),
              HasSubstr("unknown key 'detect.dataset'"));
}

// Two methods that a stage may run declare one key, each with its default, range and type: the stage has that of the
// method it runs.
TEST_F(StageTables, AKeyOfAStageIsDeclaredByTheMethodThatTheStageRuns) {
  catalogue_ = two_declarations();
  auto warmup = [&](const std::string& detect) {
    return stage(plan(noisy("method = \"detect-train\"\ndetect = { " + detect + " }")), "detect")
        .settings.at("warmup_epochs");
  };
  EXPECT_EQ(warmup("method = \"gmm\""), Value(1));
  EXPECT_EQ(warmup("method = \"small-loss\""), Value(2.5));
  EXPECT_EQ(warmup("method = \"small-loss\", warmup_epochs = 3"), Value(3.0)) << "in its type";
  EXPECT_EQ(warmup("method = \"gmm\", warmup_epochs = 3"), Value(3));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"gmm\", warmup_epochs = 2.5 }")),
              HasSubstr("detect.warmup_epochs: expected an integer"));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"small-loss\", warmup_epochs = 0.5 }")),
              HasSubstr("expected a number in [2, 9]"));
  Plan both =
      plan(noisy("method = \"detect-train\"\n[[grid]]\ndetect = [{ method = \"gmm\" }, { method = \"small-loss\" "
                 "}]\nseed = [0, 1]"));
  std::multiset<std::string> found;
  for (std::uint32_t i = 0; i < both.nodes().size(); ++i)
    if (both.nodes()[i].label == "detect") found.insert(both.stage(i).settings.at("warmup_epochs").dump());
  EXPECT_THAT(found, UnorderedElementsAre("1", "1", "2.5", "2.5"));
  std::string said =
      stage(plan(noisy("method = \"detect-train\"\ndetect = { method = \"small-loss\", warmup_epochs = 2.5 }")),
            "detect")
          .identity()
          .hex();
  EXPECT_EQ(
      stage(plan(noisy("method = \"detect-train\"\ndetect = { method = \"small-loss\" }")), "detect").identity().hex(),
      said)
      << "its own default is left out";
}

// A free axis over such a key: each row is checked by the declaration of the method that runs.
TEST_F(StageTables, AnAxisOverSuchAKeyIsOfTheMethodThatTheStageRuns) {
  catalogue_ = two_declarations();
  std::string axis =
      "method = \"detect-train\"\n[[grid]]\ndetect.method = [\"gmm\", \"small-loss\"]\n\"detect.warmup_epochs\" = [2, "
      "3]";
  Plan p = plan(noisy(axis));
  EXPECT_EQ(p.experiments(), 4u);
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i) EXPECT_EQ(p.stage(i).identity(), p.nodes()[i].identity);
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\n[[grid]]\ndetect.method = [\"gmm\", "
                            "\"small-loss\"]\n\"detect.warmup_epochs\" = [1, 3]")),
              HasSubstr("expected a number in [2, 9]"));
}

// A key that exists only where another key of the method has some value.
TEST_F(StageTables, AMethodMayHaveConditionalKeys) {
  for (Key& key : catalogue_.methods.at("gmm").keys)
    if (key.key == "reg_covar") key.when["loss_precision"] = {"full"};
  auto settings = [&](const std::string& rest) { return plan(noisy("method = \"gmm\"\n" + rest)).settings(0); };
  EXPECT_TRUE(settings("").has("reg_covar"));
  EXPECT_FALSE(settings("loss_precision = \"float16\"").has("reg_covar"));
  EXPECT_THAT(refusal(noisy("method = \"gmm\"\nloss_precision = \"float16\"\nreg_covar = 0.1")),
              HasSubstr("reg_covar applies to no experiment of the sweep"));
}

}  // namespace
}  // namespace winnow::sweep
