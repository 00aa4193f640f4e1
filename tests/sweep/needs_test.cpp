// What a method cannot do without is asked for by the plan, wherever the method runs.
#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using ::testing::HasSubstr;

class Needs : public SweepTest {
 protected:
  Needs() { catalogue_ = whole_catalogue(); }
  std::string refused(const std::string& rest) const {
    return refusal("name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + rest);
  }
  static constexpr const char* kNoisy = "labels = { kind = \"symmetric\", rate = 0.4 }\n";
};

TEST_F(Needs, ASelectionAfterTheWarmUp) {
  for (const char* method : {"unicon", "longremix", "promix", "rolt-plus"}) {
    std::string alone = std::string(kNoisy) + "method = \"" + method + "\"\ntrain.epochs = 4\n";
    EXPECT_THAT(refused(alone + "warmup_epochs = 4"),
                HasSubstr("s.toml:8: warmup_epochs = 4: of 4 epochs none is left in which samples are selected"));
    EXPECT_EQ(refused(alone + "warmup_epochs = 3"), "accepted") << method;
    EXPECT_THAT(refused(std::string(kNoisy) + "method = \"detect-train\"\ndetect = { method = \"" + method +
                        "\", warmup_epochs = 2, train = { epochs = 2 } }"),
                HasSubstr("detect.warmup_epochs = 2: of 2 epochs none is left"));
  }
}

TEST_F(Needs, StepsFinerThanPureFp16Has) {
  std::string pure = "train = { precision = \"fp16-pure\", optimizer = \"sgd\" }\n";
  EXPECT_THAT(
      refused(pure + "method = \"pico\"\nlabels = { kind = \"flip\", rate = 0.1 }"),
      HasSubstr("s.toml:5: train.precision = fp16-pure: method pico averages weights, in steps too small for fp16; "
                "take fp16, bf16 or fp32"));
  EXPECT_THAT(refused(pure + "method = \"coft-plus\""), HasSubstr("method coft-contrast averages weights"));
  EXPECT_EQ(refused(pure + "method = \"coft\""), "accepted");
}

TEST_F(Needs, OneContextInFrontOfAllNamesWhereBlocksHaveTheirOwn) {
  const std::string student = "method = \"promptkd\"\nteacher.method = \"promptsrc\"\n";
  EXPECT_THAT(refused(student + "teacher.context_of = \"class\""),
              HasSubstr("s.toml:7: teacher.context_of = class: blocks with a context of their own "
                        "(teacher.context_depth = 9) have it in front of all names; take teacher.context_of = all, or "
                        "teacher.context_depth = 1"));
  EXPECT_THAT(refused(student + "teacher.name_place = \"middle\""), HasSubstr("take teacher.name_place = end"));
  EXPECT_EQ(refused(student + "teacher.context_of = \"class\"\nteacher.context_depth = 1"), "accepted");
}

TEST_F(Needs, SharesOfAWhole) {
  std::string message = refused(std::string(kNoisy) + "method = \"rolt\"\nweights.given = 0.9");
  EXPECT_THAT(message, HasSubstr("weights.given = 0.9 (s.toml:7): shares of a whole, at most 1 together"));
  EXPECT_THAT(message, HasSubstr("weights.ensemble = 0.4 (sweeps/presets"));
  EXPECT_EQ(refused(std::string(kNoisy) + "method = \"rolt\"\nweights.given = 0.4"), "accepted");
}

// docs/methods/noisy-labels.md#6.7: half of the nominal rate, which is no default; so it must be said.
TEST_F(Needs, TheShareToForgetUnderStructuredNoise) {
  const std::string structured = "labels = { kind = \"structured\", rate = 0.4 }\n";
  EXPECT_THAT(
      refused(structured + "method = \"small-loss\""),
      HasSubstr("s.toml:5: labels.kind = structured changes labels of half of the classes alone: forget_rate must "
                "be said, labels.rate = 0.4 would be too much (DeFT's code takes half of it: 0.2)"));
  EXPECT_THAT(refused(structured + "method = \"detect-train\"\ndetect.method = \"small-loss\""),
              HasSubstr("detect.forget_rate must be said"));
  EXPECT_EQ(refused(structured + "method = \"small-loss\"\nforget_rate = 0.2"), "accepted");
  EXPECT_EQ(refused(structured + "method = \"small-loss\"\nforget_rate = 0.4"), "accepted") << "it was said";
  EXPECT_EQ(refused(structured + "method = \"detect-train\"\ndetect = { method = \"small-loss\", forget_rate = 0.2 }"),
            "accepted");
  EXPECT_EQ(refused(structured + "method = \"gmm\""), "accepted") << "it needs no rate";
  EXPECT_EQ(refused(std::string(kNoisy) + "method = \"small-loss\""), "accepted");
}

// docs/methods/noisy-labels.md#3.4: on synthetic noise given labels stay for the whole warm-up; on real noise for an
// epoch.
TEST_F(Needs, TheEpochsOfGivenLabelsUnderALongerWarmUp) {
  for (const char* kind : {"symmetric", "structured"}) {
    std::string noise = std::string("labels = { kind = \"") + kind + "\", rate = 0.4 }\n";
    EXPECT_EQ(refused(noise + "method = \"deft\""), "accepted");
    EXPECT_EQ(refused(noise + "method = \"deft\"\ndetect.warmup_epochs = 0"), "accepted");
    EXPECT_THAT(
        refused(noise + "method = \"deft\"\ndetect.warmup_epochs = 3"),
        HasSubstr("s.toml:7: detect.warmup_epochs = 3 leaves detect.label_epochs at 1: on synthetic noise DeFT's "
                  "code keeps given labels for the whole warm-up; say detect.label_epochs (3 for that)"));
    EXPECT_EQ(refused(noise + "method = \"deft\"\ndetect = { warmup_epochs = 3, label_epochs = 3 }"), "accepted");
    EXPECT_EQ(refused(noise + "method = \"deft\"\ndetect = { warmup_epochs = 3, label_epochs = 1 }"), "accepted");
    EXPECT_EQ(refused(noise + "method = \"deft\"\ndetect = { warmup_epochs = 3, noise_source = \"real\" }"),
              "accepted");
    EXPECT_THAT(refused(noise + "method = \"dual-prompts\"\nwarmup_epochs = 2"), HasSubstr("leaves label_epochs at 1"));
  }
}

}  // namespace
}  // namespace winnow::sweep
