// What a sweep may name as class texts, and what of it belongs to a stage's identity.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Templates : public SweepTest {
 protected:
  Templates() { catalogue_.fingerprints["templates/fashion-mnist/llm"] = "aa"; }

  Stage stage(const std::string& rest, const std::string& label) const {
    Plan p = plan("name = \"s\"\n" + sweep(rest));
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    ADD_FAILURE() << "no stage " << label;
    return {};
  }
};

TEST_F(Templates, AFileCountsByItsContent) {
  Stage train = stage("method = \"cc\"\ntemplate = \"llm\"", "train");
  EXPECT_EQ(train.fingerprints.at("templates"), "aa");
  EXPECT_FALSE(train.settings.has("template"));
  catalogue_.fingerprints["templates/fashion-mnist/same"] = "aa";
  EXPECT_EQ(stage("method = \"cc\"\ntemplate = \"same\"", "train").identity(), train.identity());
  catalogue_.fingerprints["templates/fashion-mnist/llm"] = "bb";
  EXPECT_NE(stage("method = \"cc\"\ntemplate = \"llm\"", "train").identity(), train.identity());
}

TEST_F(Templates, ThatAreNoFileLeaveNoFingerprint) {
  for (const char* text : {"a {}.", "imagenet-80"}) {
    Stage train = stage("method = \"cc\"\ntemplate = \"" + std::string(text) + "\"", "train");
    EXPECT_EQ(train.settings.text("template"), text);
    EXPECT_FALSE(train.fingerprints.count("templates"));
  }
}

// The first {} alone would be filled, and the second be text of every prompt.
TEST_F(Templates, WithTwoPlacesAreRefused) {
  const std::string wanted = "has 2 {} for the class name, it must have one";
  auto refused = [&](const std::string& rest) { return refusal("name = \"s\"\n" + sweep(rest)); };
  EXPECT_THAT(refused("method = \"cc\"\ntemplate = \"{} or {}\""),
              testing::AllOf(HasSubstr("s.toml:"), HasSubstr("template: the template '{} or {}' " + wanted)));
  EXPECT_THAT(refused("method = \"cc\"\n[[grid]]\ntemplate = [\"a photo of a {}.\", \"{} {}\"]"),
              HasSubstr("template: the template '{} {}' " + wanted));
  EXPECT_THAT(refused("method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scorer = { template = "
                      "\"{} {}\" } }"),
              HasSubstr("labels.scorer.template: the template '{} {}' " + wanted));
  catalogue_ = Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}});
  EXPECT_THAT(refused("method = \"detect-train\"\ndetect = { method = \"label-match\", prompt = \"{} {}\" }\nlabels = "
                      "{ kind = \"symmetric\", rate = 0.2 }"),
              HasSubstr("detect.prompt: the template '{} {}' " + wanted));
}

TEST_F(Templates, OfAnAxisAreStagesOfTheirOwn) {
  Plan p = plan(
      "name = \"s\"\n" +
      sweep("method = \"cc\"\n[[grid]]\ntemplate = [\"a photo of a {}.\", \"llm\", \"clip-cifar\"]\nseed = [0, 1]"));
  std::multiset<std::string> seen;
  for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
    if (p.nodes()[i].label == "train") {
      Stage train = p.stage(i);
      EXPECT_EQ(train.identity(), p.nodes()[i].identity);
      seen.insert(train.fingerprints.count("templates") ? train.fingerprints.at("templates")
                                                        : train.settings.text("template"));
    }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("aa", "aa", "a photo of a {}.", "a photo of a {}.", "clip-cifar",
                                                    "clip-cifar"));
}

TEST_F(Templates, ServeScoresToo) {
  Stage score =
      stage("method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = 0.1, scorer = { template = \"llm\" } }",
            "score");
  EXPECT_EQ(score.fingerprints.at("templates"), "aa");
  EXPECT_FALSE(score.settings.has("template"));
}

TEST_F(Templates, AreThoseOfTheirDataSet) {
  catalogue_.fingerprints["templates/eurosat/sky"] = "cc";
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep("method = \"cc\"\ntemplate = \"lm\"")),
              HasSubstr("s.toml:6: template: 'lm' has no {} for the class name, and is no set of templates of "
                        "fashion-mnist on this machine (did you mean 'llm'?); "
                        "known sets: clip-caltech-101, "));
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep("method = \"cc\"\ntemplate = \"sky\"")), HasSubstr("'sky' has no {}"));
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep("method = \"cc\"\nlabels = { kind = \"instance-candidates\", rate = "
                                               "0.1, scorer = { template = \"imagenet80\" } }")),
              HasSubstr("labels.scorer.template: 'imagenet80' has no {} for the class name, and is no set of templates "
                        "of fashion-mnist on this machine (did you mean 'imagenet-80'?)"));
}

TEST_F(Templates, OfAStagesTableAreCheckedToo) {
  Catalogue whole = Catalogue::built_in(
      {{"fashion-mnist", "0123456789abcdef0123456789abcdef"}, {"templates/fashion-mnist/llm", "aa"}});
  catalogue_ = whole;
  std::string text =
      "method = \"detect-train\"\ndetect = { method = \"label-match\", prompt = \"llm\" }\nlabels = { kind = "
      "\"symmetric\", rate = 0.2 }";
  EXPECT_EQ(stage(text, "score").fingerprints.at("templates"), "aa");
  EXPECT_FALSE(stage(text, "detect").fingerprints.count("templates"));
  text.replace(text.find("llm"), 3, "llm2");
  EXPECT_THAT(refusal("name = \"s\"\n" + sweep(text)), HasSubstr("detect.prompt: 'llm2' has no {}"));
}

}  // namespace
}  // namespace winnow::sweep
