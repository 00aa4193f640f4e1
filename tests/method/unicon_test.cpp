// UNICON's selection and what it trains. docs/methods/noisy-labels.md#6.9.
#include "detector_run.h"

namespace winnow::method {
namespace {

using testing::HasSubstr;

struct Unicon : DetectorRun {
  Unicon() { set("warmup_epochs", 1); }
};

TEST_F(Unicon, TakesEquallyManyOfEachClass) {
  given_.narrow(0, 12, 12).fill_(0);  // classes of different sizes
  at::Tensor masks = run("unicon").states.at("mask").to(at::kBool);
  EXPECT_TRUE(masks[0].all().item<bool>()) << "all are believed in the warm-up";
  for (std::int64_t epoch = 1; epoch < kEpochs; ++epoch) {
    at::Tensor of_class = at::bincount(given_.masked_select(masks[epoch]), {}, kClasses);
    at::Tensor size = at::bincount(given_, {}, kClasses);
    std::int64_t quota = of_class.max().item<std::int64_t>();
    EXPECT_GT(quota, 0);
    EXPECT_TRUE(at::equal(of_class, size.clamp_max(quota))) << "epoch " << epoch << ": " << of_class;
  }
}

TEST_F(Unicon, TheContrastOfUnlabelledSamplesTrainsTheNecks) {
  train::Trace trace = run("unicon");
  for (const char* part : {"neck.w1", "second_neck.w1", "head", "second_head"}) EXPECT_TRUE(moved(trace, part)) << part;
  EXPECT_TRUE(moved(trace, "main"));
  set("lambda_c", 0.0);
  EXPECT_FALSE(moved(run("unicon"), "neck.w1"));
}

// Four samples of five classes: the quota is 0. There is nothing to mix, and the contrast goes on alone.
TEST_F(Unicon, WhereNothingIsSelectedHeadsStandStillAndNothingIsNaN) {
  recorded_ = recorded_run(4, 5, 2, 3);
  set("warmup_epochs", 0);
  train::Trace trace = run("unicon");
  expect_finite(trace);
  EXPECT_EQ(trace.states.at("mask").sum().item<std::int64_t>(), 0);
  EXPECT_FALSE(moved(trace, "head"));
  EXPECT_FALSE(moved(trace, "second_head"));
  EXPECT_TRUE(moved(trace, "main"));
}

TEST_F(Unicon, ByCrossEntropyThereIsNoNeckAndTheRuleIsTheSame) {
  set("train_rule", "ce");
  set("train.lr", 0.0);
  train::Trace plain = run("unicon");
  EXPECT_EQ(plain.parameters.count("neck.w1"), 0u);
  set("train_rule", "own");
  EXPECT_TRUE(at::equal(plain.states.at("mask"), run("unicon").states.at("mask"))) << "of networks that stand still";
}

TEST_F(Unicon, AWarmUpThatLeavesNoEpochIsRefused) {
  set("warmup_epochs", kEpochs);
  for (const char* name : {"unicon", "longremix", "promix"})
    EXPECT_THAT(refusal_of(name),
                HasSubstr("warmup_epochs = 4: of 4 epochs none is left in which samples are selected"));
}

}  // namespace
}  // namespace winnow::method
