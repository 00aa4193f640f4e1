// Which images there are, what else they are measured on, masks from outside, and where a second stage starts.
// docs/methods/noisy-labels.md#6.8, #6.9 and #8.
#include <gmock/gmock.h>

#include "fixture.h"
#include "winnow/stage/data_sets.h"

namespace winnow::sweep {
namespace {

using testing::HasSubstr;
using testing::Not;

class NoisyData : public SweepTest {
 protected:
  NoisyData() {
    catalogue_ = whole_catalogue();
    catalogue_.fingerprints["masks/fashion-mnist/promix"] = "m";
    catalogue_.fingerprints["masks/cifar-100/unicon"] = "n";
  }
  static std::string of(const std::string& dataset, const std::string& rest) {
    return "[base]\ndataset = \"" + dataset + "\"\nmodel = \"clip-vit-b-16\"\n" + rest;
  }
  static std::string noisy(const std::string& rest) {
    return of("fashion-mnist", "labels = { kind = \"symmetric\", rate = 0.4 }\n" + rest);
  }
  Stage cell(const std::string& text) const {
    Plan p = plan(text);
    return p.stage(p.cell_node(0));
  }
  Stage named(const Plan& p, const std::string& label) const {
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i)
      if (p.nodes()[i].label == label) return p.stage(i);
    ADD_FAILURE() << "no stage " << label;
    return {};
  }
};

TEST_F(NoisyData, ABalancedChoiceIsTheSameInBothPhases) {
  Plan p = plan(of("clothing1m", "method = \"deft\"\ndata = { samples = 32000, balance = \"capped\" }\n"));
  for (const char* label : {"detect", "train"}) {
    EXPECT_THAT(named(p, label).canonical(), HasSubstr(R"("data.balance":"capped","data.samples":32000)")) << label;
  }
  EXPECT_THAT(cell(of("clothing1m", "method = \"ce\"\ndata.samples = 32000\n")).canonical(), Not(HasSubstr("balance")));
  EXPECT_THAT(refusal(of("clothing1m", "method = \"ce\"\ndata.balance = \"capped\"\n")),
              HasSubstr("s.toml:5: data.balance = \"capped\": of data.samples = 0: it caps each class"));
}

TEST_F(NoisyData, FurtherTestSplitsBelongToTheIdentityOfWhatIsMeasured) {
  const std::string wanted = "evaluation.further_tests = true\n";
  Plan p = plan(of("webvision-50", "method = \"deft\"\n" + wanted));
  for (const char* label : {"detect", "train"}) {
    Stage stage = named(p, label);
    EXPECT_EQ(stage.fingerprints.at("test.ilsvrc12-50"), "d") << label;
    EXPECT_EQ(data_sets_of(stage), (std::map<std::string, std::string>{{"ilsvrc12-50", "d"}, {"webvision-50", "d"}}));
  }
  EXPECT_EQ(cell(of("webvision-50", "method = \"zero-shot\"\n" + wanted)).fingerprints.count("test.ilsvrc12-50"), 1u);
  Stage without = cell(of("webvision-50", "method = \"ce\"\n"));
  EXPECT_EQ(without.fingerprints.count("test.ilsvrc12-50"), 0u);
  EXPECT_THAT(without.canonical(), Not(HasSubstr("further")));
  EXPECT_THAT(
      refusal(of("cub-200", "method = \"ce\"\n" + wanted)),
      HasSubstr("s.toml:5: evaluation.further_tests = true: cub-200 has none: its preset names no further_tests"));
  EXPECT_THAT(refusal(of("ilsvrc12-50", "method = \"ce\"\n")),
              HasSubstr("s.toml:2: dataset = \"ilsvrc12-50\": it has test images alone"));
  catalogue_.fingerprints.erase("ilsvrc12-50");
  EXPECT_THAT(refusal(of("webvision-50", "method = \"ce\"\n" + wanted)),
              HasSubstr("no fingerprint of ilsvrc12-50 on this machine: run `winnow data check ilsvrc12-50"));
}

TEST_F(NoisyData, AMaskFromOutsideIsADetectorWhoseContentCounts) {
  const std::string text = "method = \"detect-train\"\ndetect = { method = \"file\", mask = \"promix\" }\n";
  Plan p = plan(noisy(text));
  Stage detect = named(p, "detect");
  EXPECT_EQ(detect.kind, StageKind::detect);
  EXPECT_EQ(detect.fingerprints.at("mask"), "m");
  EXPECT_FALSE(detect.settings.has("mask")) << "its name decides nothing";
  EXPECT_THAT(detect.canonical(), HasSubstr(R"("method":"file")"));
  EXPECT_EQ(named(p, "train").inputs.at("selection").stage, detect.identity());
  catalogue_.fingerprints["masks/fashion-mnist/promix"] = "other";
  EXPECT_NE(named(plan(noisy(text)), "detect").identity(), detect.identity());
  EXPECT_EQ(cell(noisy("method = \"file\"\nmask = \"promix\"\n")).kind, StageKind::detect) << "alone it is judged, too";

  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"file\", mask = \"promx\" }\n")),
              HasSubstr("detect.mask: no mask 'promx' of fashion-mnist on this machine (did you mean 'promix'?): known "
                        "are promix; `winnow data masks promx FILE --dataset fashion-mnist` records one"));
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect = { method = \"file\", mask = \"unicon\" }\n")),
              HasSubstr("no mask 'unicon' of fashion-mnist"))
      << "it is of another data set";
  EXPECT_THAT(refusal(noisy("method = \"detect-train\"\ndetect.method = \"file\"\n")),
              HasSubstr("detect.mask is not set"));
}

TEST_F(NoisyData, TheHeadOfADetectorIsHandedOn) {
  const std::string turn = "method = \"detect-train\"\nhead = \"linear\"\nhead_init = \"detector\"\ndetect.method = ";
  Plan p = plan(noisy(turn + "\"turn\"\ndetect.head_init = \"random\"\n"));
  Stage detect = named(p, "detect"), train = named(p, "train");
  EXPECT_TRUE(detect.outputs.count(Output::weights));
  EXPECT_EQ(train.inputs.at("head").stage, detect.identity());
  EXPECT_EQ(train.inputs.at("selection").stage, detect.identity());
  EXPECT_THAT(refusal(noisy(turn + "\"label-match\"\n")),
              HasSubstr("head_init = detector: label-match trains no head"));
  EXPECT_THAT(refusal(noisy(turn + "\"turn\"\ndetect.head_init = \"random\"\ndetect.head = \"cosine\"\n")),
              HasSubstr("detect.head = cosine and head = linear must be the same"));
  EXPECT_THAT(refusal(noisy("method = \"ce\"\nhead_init = \"detector\"\n")),
              HasSubstr("s.toml:6: head_init = detector: it is the second stage of detect-train"));
  EXPECT_THAT(refusal(noisy(turn + "\"turn\"\n")), HasSubstr("detect.head_init = detector: it is the second stage"))
      << "the detector itself has nobody before it";
}

TEST_F(NoisyData, AllOfATransformerOrSomeBlocks) {
  const std::string tuned = "method = \"ce\"\nadapt = \"full-tuning\"\n";
  EXPECT_THAT(cell(noisy(tuned)).canonical(), Not(HasSubstr("full_tuning")));
  EXPECT_THAT(cell(noisy(tuned + "full_tuning = \"all\"\n")).canonical(), HasSubstr(R"("full_tuning":"all")"));
  EXPECT_THAT(refusal(noisy(tuned + "full_tuning = \"all\"\npartial = 2\n")),
              HasSubstr("s.toml:7: full_tuning = all: partial = 2 names blocks that alone are tuned"));
}

TEST_F(NoisyData, ATextualClassifierNeedsTexts) {
  EXPECT_THAT(cell(noisy("method = \"elr\"\n")).canonical(), Not(HasSubstr("classifier")));
  EXPECT_EQ(cell(noisy("method = \"elr\"\nclassifier = \"prompts\"\n")).settings.integer("context_length"), 0);
  EXPECT_THAT(refusal(noisy("method = \"ce\"\n"), {"model=resnet-50", "classifier=prompts", "head_init=random"}),
              HasSubstr("the method learns prompts, which need a CLIP"));
}

}  // namespace
}  // namespace winnow::sweep
