// Which stages make candidate sets before training, and what is shared.
#include <gmock/gmock.h>

#include <set>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class CandidateSets : public SweepTest {
 protected:
  static std::multiset<std::string> labels(const Plan& p) {
    std::multiset<std::string> result;
    for (const Node& node : p.nodes()) result.insert(std::string(node.label));
    return result;
  }
  static Stage stage(const Plan& p, const std::string& label) {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    ADD_FAILURE() << "no stage " << label;
    return {};
  }
  void know_generators() {
    for (Key& key : catalogue_.common)
      if (key.key == "labels.scorer.model") key.words = {"nano-clip", "wide-resnet-10-1", "wide-resnet-28-10-cifar-10"};
  }
  // Settings and inputs are the experiment's own; identities of both ways to make them agree.
  Plan made(const std::string& rest) const { return plan("name = \"s\"\n" + sweep(rest)); }
};

TEST_F(CandidateSets, OfFlipsNeedNoOtherStage) {
  Plan p = made("method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.3 }");
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "train"));
  Stage train = stage(p, "train");
  for (const auto& [key, value] : train.settings.all()) EXPECT_THAT(key, ::testing::Not(HasSubstr("scorer")));
}

TEST_F(CandidateSets, InstanceDependentOnesComeFromScoresThatMethodsShare) {
  Plan p = made(
      "labels = { kind = \"instance-candidates\", rate = 0.1 }\n[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, "
      "1]");
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "score", "train", "train", "train", "train"));
  Stage train = stage(p, "train"), score = stage(p, "score");
  EXPECT_EQ(train.inputs.at("scores"), (Input{score.identity(), Output::scores}));
  EXPECT_EQ(train.settings.real("labels.rate"), 0.1);
  EXPECT_EQ(score.settings.text("model"), "nano-clip");
  EXPECT_FALSE(score.settings.has("labels.rate"));
}

TEST_F(CandidateSets, NarrowedOnesAreAnInputInPlaceOfTheirRecipe) {
  Plan p =
      made("labels = { kind = \"flip\", rate = 0.7, keep_fraction = 0.5 }\n[[grid]]\nmethod = [\"cc\", \"proden\"]");
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "score", "narrow", "train", "train"));
  Stage train = stage(p, "train"), narrow = stage(p, "narrow");
  EXPECT_EQ(train.inputs.at("labels"), (Input{narrow.identity(), Output::labels}));
  EXPECT_EQ(narrow.inputs.at("scores"), (Input{stage(p, "score").identity(), Output::scores}));
  EXPECT_EQ(narrow.settings.real("labels.keep_fraction"), 0.5);
  EXPECT_EQ(narrow.settings.real("labels.rate"), 0.7);
  for (const auto& [key, value] : train.settings.all()) EXPECT_FALSE(key.starts_with("labels.")) << key;
}

TEST_F(CandidateSets, OfAnotherSeedAreOtherSets) {
  auto narrow = [&](const std::string& rest) {
    return stage(
               made("method = \"cc\"\nlabels.kind = \"flip\"\nlabels.rate = 0.7\nlabels.keep_fraction = 0.5\n" + rest),
               "narrow")
        .identity()
        .hex();
  };
  EXPECT_NE(narrow("seed = 0"), narrow("seed = 1"));
  EXPECT_EQ(narrow("train.lr = 0.1"), narrow("train.lr = 0.2"));
  EXPECT_NE(narrow("labels.scorer.template = \"a {}.\""), narrow(""));
}

TEST_F(CandidateSets, KeptWholeTheyAreNotNarrowed) {
  Plan p = made(
      "method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.7 }\n[[grid]]\n\"labels.keep_fraction\" = [1.0, 0.5]");
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "score", "narrow", "train", "train"));
}

TEST_F(CandidateSets, RecordedScoresNeedNoModel) {
  std::string text =
      "method = \"cc\"\nlabels.kind = \"instance-candidates\"\nlabels.rate = 0.1\nlabels.scores = \"teacher\"";
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep(text)),
              HasSubstr("no scores 'teacher' on this machine: known are zero-shot, classifier, trained; `winnow data "
                        "scores teacher FILE --dataset fashion-mnist` records them"));
  catalogue_.fingerprints["scores/teacher"] = "abc";
  Plan p = made(text);
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "score", "train"));
  Stage score = stage(p, "score");
  EXPECT_EQ(score.fingerprints.at("scores"), "abc");
  EXPECT_TRUE(score.inputs.empty());
  EXPECT_FALSE(score.settings.has("labels.scores")) << "what counts is the content";
  catalogue_.fingerprints["scores/same"] = "abc";
  EXPECT_EQ(stage(made("method = \"cc\"\nlabels.kind = \"instance-candidates\"\nlabels.rate = "
                       "0.1\n[[grid]]\n\"labels.scores\" = [\"same\"]"),
                  "score")
                .identity(),
            score.identity());
}

TEST_F(CandidateSets, ScoresThatCannotBeAreRefusedBeforeTheRun) {
  auto with = [](const std::string& scores) {
    return "name = \"s\"\n" +
           sweep("method = \"cc\"\nlabels.kind = \"instance-candidates\"\nlabels.rate = 0.1\nlabels.scores = \"" +
                 scores + "\"");
  };
  EXPECT_THAT(refusal(with("classifer")),
              HasSubstr("no scores 'classifer' on this machine (did you mean 'classifier'?)"));
  EXPECT_THAT(refusal(with("classifier")), HasSubstr("labels.scores = classifier wants a labels.scorer.model with a "
                                                     "classifier of its own, nano-clip is a clip: it has none"));
}

// Whatever the experiment's own training varies, its generator stays the same.
TEST_F(CandidateSets, ATrainedGeneratorIsAStageThatExperimentsShare) {
  know_generators();
  std::string text =
      "labels = { kind = \"instance-candidates\", rate = 0.1, scores = \"trained\", scorer = { model = "
      "\"wide-resnet-10-1\" } }\n";
  Plan p = made(text +
                "[[grid]]\nmethod = [\"cc\", \"proden\"]\nseed = [0, 1]\n\"train.lr\" = [0.1, 0.2]\n\"train.epochs\" = "
                "[3, 4]\n\"data.samples\" = [500]");
  EXPECT_EQ(labels(p).count("generator"), 1u);
  EXPECT_EQ(labels(p).count("score"), 1u);
  EXPECT_EQ(labels(p).count("train"), 16u);
  Stage generator = stage(p, "generator"), score = stage(p, "score"), train = stage(p, "train");
  EXPECT_EQ(score.inputs.at("classifier"), (Input{generator.identity(), Output::weights}));
  EXPECT_EQ(train.inputs.at("scores"), (Input{score.identity(), Output::scores}));
  EXPECT_EQ(generator.settings.text("labels.kind"), "clean");
  EXPECT_EQ(generator.settings.text("batch_norm"), "batch");
  EXPECT_EQ(generator.settings.integer("train.epochs"), 5);
  EXPECT_EQ(generator.settings.integer("data.samples"), 500);
  EXPECT_EQ(generator.settings.text("architecture.model_type"), "wide_resnet");
  EXPECT_EQ(score.settings.text("mode"), "evaluation");
  for (const auto& [key, value] : train.settings.all()) EXPECT_THAT(key, ::testing::Not(HasSubstr("scorer")));
  EXPECT_TRUE(generator.fingerprints.count("data") && !generator.fingerprints.count("weights"));

  std::string other =
      "labels = { kind = \"instance-candidates\", rate = 0.1, scores = \"trained\", scorer = { model = "
      "\"wide-resnet-10-1\", epochs = 9, mode = \"batch-statistics\" } }\n";
  Plan q = made(other + "[[grid]]\nmethod = [\"cc\"]\n\"data.samples\" = [500, 600]");
  EXPECT_EQ(labels(q).count("generator"), 2u);
  EXPECT_EQ(stage(q, "generator").settings.integer("train.epochs"), 9);
  EXPECT_EQ(stage(q, "score").settings.integer("chunk"), 2000);
  EXPECT_THAT(
      refusal("name = \"s\"\n" +
              sweep("method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scores = \"trained\" }")),
      HasSubstr("labels.scores = trained wants a labels.scorer.model that is initialised randomly, nano-clip has "
                "weights; allowed: wide-resnet-10-1, "));
}

TEST_F(CandidateSets, AGeneratorsWeightsAreChecked) {
  know_generators();
  std::string text =
      "method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scores = \"classifier\", scorer = { "
      "model = \"wide-resnet-28-10-cifar-10\" } }\n";
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep(text)),
              HasSubstr("no weights of wide-resnet-28-10-cifar-10 on this machine"));
  catalogue_.fingerprints["wide-resnet-28-10-cifar-10"] = "abc";
  Plan p = made(text);
  EXPECT_THAT(labels(p), UnorderedElementsAre("backbone", "score", "train"));
  EXPECT_EQ(stage(p, "score").fingerprints.at("weights"), "abc");
}

TEST_F(CandidateSets, AreNoStartForALinearProbe) {
  EXPECT_THAT(refusal("name = \"s\"\n" +
                      sweep("method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.1 }\nhead_init = \"linear-probe\"")),
              HasSubstr("head_init = linear-probe wants one given label a sample, labels.kind = flip gives candidate "
                        "sets; allowed there: text, random, class-mean"));
  made("method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.1 }\nhead_init = \"class-mean\"");
  made("method = \"ce\"\nlabels = { kind = \"symmetric\", rate = 0.1 }\nhead_init = \"linear-probe\"");
}

TEST_F(CandidateSets, AreNoLabelsOfAMethodThatWantsGivenOnes) {
  EXPECT_THAT(
      refusal("name = \"s\"\n" + sweep("method = \"ce\"\nlabels = { kind = \"instance-candidates\", rate = 0.1 }")),
      HasSubstr("labels.kind = instance-candidates gives candidate sets"));
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep("method = \"ce\"\n[[grid]]\n\"labels.keep_fraction\" = [0.5]")),
              HasSubstr("it exists only where labels.kind"));
}

}  // namespace
}  // namespace winnow::sweep
