// RoLT+: whom its two networks take for clean. docs/methods/noisy-labels.md#6.9.
#include "detector_run.h"

namespace winnow::method {
namespace {

struct RoLTPlus : DetectorRun {
  RoLTPlus() { set("warmup_epochs", 1); }
};

// The three clusters are far apart, so that both networks see which labels are wrong.
TEST_F(RoLTPlus, KeepsSamplesNearThePrototypeOfTheirClass) {
  train::Trace trace = run("rolt-plus");
  expect_finite(trace);
  at::Tensor masks = trace.states.at("mask").to(at::kBool);
  ASSERT_EQ(masks.size(0), kEpochs);
  EXPECT_TRUE(masks[0].all().item<bool>()) << "the warm-up learns everything";
  for (std::int64_t epoch = 1; epoch < kEpochs; ++epoch) {
    EXPECT_FALSE(masks[epoch].narrow(0, 0, 6).any().item<bool>()) << "wrong labels lie far from their prototypes";
    EXPECT_GT(masks[epoch].narrow(0, 6, 18).sum().item<std::int64_t>(), 9) << epoch;
  }
}

// Each network is divided by the other one's features: the first one's division is the method's selection.
TEST_F(RoLTPlus, TheSelectionIsByTheOtherNetworksFeatures) {
  set("train.lr", 0.0);
  at::Tensor mask = run("rolt-plus").states.at("mask")[kEpochs - 1];
  recorded_.tensors["main"] = at::zeros({4, 5}, at::kDouble) + 1e-3;  // sees nothing, and divides the second one
  EXPECT_TRUE(at::equal(run("rolt-plus").states.at("mask")[kEpochs - 1], mask));
  recorded_.tensors["main"] = at::eye(4, 5, at::kDouble);
  recorded_.tensors["second"] = at::zeros({4, 5}, at::kDouble) + 1e-3;
  EXPECT_FALSE(at::equal(run("rolt-plus").states.at("mask")[kEpochs - 1], mask));
}

TEST_F(RoLTPlus, AThresholdOfOneKeepsNobodyAndTrainsNothingAfterTheWarmUp) {
  set("warmup_epochs", 0);
  set("threshold", 1.0);
  train::Trace trace = run("rolt-plus");
  expect_finite(trace);
  EXPECT_EQ(trace.states.at("mask").sum().item<std::int64_t>(), 0);
  EXPECT_FALSE(moved(trace, "main"));
}

TEST_F(RoLTPlus, AClassWithoutSamplesIsNobodys) {
  recorded_.tensors["given"] = given_.remainder(2);
  expect_finite(run("rolt-plus"));
}

}  // namespace
}  // namespace winnow::method
