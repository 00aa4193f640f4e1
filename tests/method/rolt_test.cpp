// RoLT's selection and its targets. docs/methods/noisy-labels.md#6.9.
#include "detector_run.h"
#include "winnow/method/blended_targets.h"
#include "winnow/method/formulas.h"

namespace winnow::method {
namespace {

using testing::HasSubstr;

struct RoLT : DetectorRun {};

TEST_F(RoLT, SelectsInTheWarmUpToo) {
  set("warmup_epochs", 99);
  at::Tensor masks = run("rolt").states.at("mask").to(at::kBool);
  ASSERT_EQ(masks.size(0), kEpochs);
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    EXPECT_FALSE(masks[epoch].narrow(0, 0, 6).any().item<bool>()) << "wrong labels lie far from their prototypes";
    EXPECT_GT(masks[epoch].narrow(0, 6, 18).sum().item<std::int64_t>(), 9) << epoch;
  }
}

// With a rate of 0 the model stands still, and what the step must have minimised can be said.
TEST_F(RoLT, RejectedSamplesLearnSoftTargetsAfterTheWarmUp) {
  set("warmup_epochs", 1);
  set("train.lr", 0.0);
  train::Trace trace = run("rolt");
  at::Tensor logits = trace.predictions.at("logits"), mask = trace.states.at("mask")[kEpochs - 1];
  at::Tensor prototypes = trace.states.at("prototype_ensemble").argmax(1);
  EXPECT_TRUE(at::equal(prototypes, at::arange(kSamples).remainder(kClasses))) << "they see through wrong labels";
  EXPECT_TRUE(at::equal(trace.states.at("ensemble").argmax(1), logits.argmax(1)));
  at::Tensor target = blended_targets(logits.argmax(1), prototypes, given_, mask, {}, logits);
  at::Tensor loss = trace.logged.at("loss");
  EXPECT_NEAR(loss[0].item<double>(), cross_entropy(logits, given_).mean().item<double>(), 1e-9);
  for (std::int64_t step = 1; step < kEpochs; ++step)
    EXPECT_NEAR(loss[step].item<double>(), soft_cross_entropy(logits, target).item<double>(), 1e-9);
  EXPECT_NE(loss[0].item<double>(), loss[1].item<double>());
}

TEST_F(RoLT, ByCrossEntropyTheSelectionIsThereAndTrainsNothing) {
  set("warmup_epochs", 0);
  set("train.lr", 0.0);
  set("train_rule", "ce");
  train::Trace trace = run("rolt");
  EXPECT_EQ(trace.states.count("ensemble"), 0u);
  EXPECT_FALSE(trace.states.at("mask")[0].narrow(0, 0, 6).any().item<bool>());
  double all = cross_entropy(trace.predictions.at("logits"), given_).mean().item<double>();
  for (std::int64_t step = 0; step < kEpochs; ++step)
    EXPECT_NEAR(trace.logged.at("loss")[step].item<double>(), all, 1e-9);
}

TEST_F(RoLT, AClassWithoutSamplesIsNobodysPrototype) {
  recorded_.tensors["given"] = given_.remainder(2);
  set("warmup_epochs", 0);
  train::Trace trace = run("rolt");
  expect_finite(trace);
  EXPECT_LT(trace.states.at("prototype_ensemble").argmax(1).max().item<std::int64_t>(), 2);
}

TEST_F(RoLT, SharesThatExceedTheWholeAreRefused) {
  set("weights.ensemble", 0.9);
  EXPECT_THAT(refusal_of("rolt"), HasSubstr("are 1.3"));
  EXPECT_THAT(refusal_of("rolt"), HasSubstr("together: at most 1"));
}

}  // namespace
}  // namespace winnow::method
