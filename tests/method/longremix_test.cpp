// LongReMix's two runs. docs/methods/noisy-labels.md#6.9.
#include "detector_run.h"

namespace winnow::method {
namespace {

struct LongReMix : DetectorRun {
  LongReMix() {
    set("warmup_epochs", 2);
    set("train.lr", 0.1);
  }
};

TEST_F(LongReMix, TheFirstRunKeepsWhatIsCleanForEpochsOnEndThoseOfTheWarmUpIncluded) {
  set("lookback_share", 0.25);  // of the last epoch alone
  train::Trace trace = run("longremix");
  at::Tensor masks = trace.states.at("mask").to(at::kBool), sets = trace.states.at("main_clean_sets").to(at::kBool);
  EXPECT_TRUE(masks[0].all().item<bool>()) << "a network that has learned nothing judges nobody";
  EXPECT_FALSE(masks[1].all().item<bool>()) << "in the warm-up";
  ASSERT_EQ(sets.size(0), 5);
  EXPECT_FALSE(sets.narrow(0, 0, 2).any().item<bool>()) << "three epochs judged";
  at::Tensor so_far = at::ones({kSamples}, at::kBool);
  for (std::int64_t epoch = 1; epoch < kEpochs; ++epoch) {
    so_far = so_far.logical_and(sets[epoch + 1]);
    EXPECT_TRUE(at::equal(masks[epoch], so_far)) << "epoch " << epoch;
  }
}

TEST_F(LongReMix, AnEpochThatIsTooLongAgoCountsNoMore) {
  set("lookback_share", 0.25);
  set("history", 1);
  train::Trace trace = run("longremix");
  EXPECT_TRUE(at::equal(trace.states.at("mask")[kEpochs - 1], trace.states.at("main_clean_sets")[0]));
}

TEST_F(LongReMix, TheFirstRunYieldsTheLargestOfItsLastSets) {
  set("history", 2);
  set("lookback_share", 1.0);
  at::Tensor largest = run("longremix").states.at("mask");
  set("lookback_share", 0.25);
  at::Tensor each = run("longremix").states.at("mask");
  std::int64_t best = -1;
  at::Tensor want;
  for (std::int64_t epoch = 1; epoch < kEpochs; ++epoch)
    if (std::int64_t size = each[epoch].sum().item<std::int64_t>(); size >= best) best = size, want = each[epoch];
  EXPECT_TRUE(at::equal(largest[kEpochs - 1], want)) << "of equally large ones the latest";
}

TEST_F(LongReMix, TheSecondRunBelievesTheFirstOne) {
  at::Tensor confident = at::zeros({kSamples}, at::kByte);
  confident.narrow(0, 0, 3).fill_(1);  // whatever its own mixtures say of these
  recorded_.tensors["confident"] = confident;
  more_.erase("history");
  for (const char* rule : {"own", "ce"}) {
    set("train_rule", rule);
    train::Trace trace = run("longremix");
    EXPECT_EQ(trace.states.count("main_clean_sets"), 0u);
    at::Tensor mask = trace.states.at("mask"), score = trace.states.at("score");
    EXPECT_TRUE(mask[0].all().item<bool>());
    for (std::int64_t epoch = 2; epoch < kEpochs; ++epoch) {
      EXPECT_TRUE(mask[epoch].narrow(0, 0, 3).all().item<bool>()) << rule;
      EXPECT_EQ(score[epoch].narrow(0, 0, 3).min().item<double>(), 1) << rule;
      EXPECT_TRUE(at::equal(mask[epoch].to(at::kBool), score[epoch] > 0.5)) << rule << ": clean, or confident";
    }
    EXPECT_FALSE(mask[kEpochs - 1].all().item<bool>()) << rule;
  }
}

TEST_F(LongReMix, TheSecondRunMayBeHandedNothing) {
  recorded_.tensors["confident"] = at::zeros({kSamples}, at::kByte);
  expect_finite(run("longremix"));
}

TEST_F(LongReMix, SamplesWithoutAnyDifferenceMakeNoNaN) {
  for (const char* view : {"x_w", "x_a", "x_s", "x_s2"}) recorded_.tensors[view].fill_(1);
  recorded_.tensors["given"] = at::zeros({kSamples}, at::kLong);
  set("warmup_epochs", 0);
  expect_finite(run("longremix"));
}

}  // namespace
}  // namespace winnow::method
