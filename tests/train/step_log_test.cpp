#include "winnow/train/step_log.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"

namespace winnow::train {
namespace {

at::Tensor value(double number) { return at::full({}, number, at::TensorOptions(at::kDouble).device(test_device())); }
at::Tensor numbers(const std::vector<double>& all) { return at::tensor(all, at::kDouble); }

TEST(StepLog, KeepsTheOrderOfStepsAcrossEpochsAndCheckpoints) {
  StepLog log;
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.all().numel(), 0);
  log.add(value(1));
  log.add(value(2));
  EXPECT_TRUE(at::equal(log.all(), numbers({1, 2})));
  log.settle();
  log.settle();  // an epoch without steps
  log.add(value(3));
  EXPECT_TRUE(at::equal(log.all(), numbers({1, 2, 3})));
  StepLog resumed;
  resumed.load(log.all());
  resumed.add(value(4));
  EXPECT_TRUE(at::equal(resumed.all(), numbers({1, 2, 3, 4})));
}

TEST(StepLog, HasOneType) {
  StepLog log;
  EXPECT_TRUE(log.takes(at::kFloat));
  log.add(value(1));
  EXPECT_FALSE(log.takes(at::kFloat));
  log.settle();
  EXPECT_FALSE(log.takes(at::kFloat));
  EXPECT_TRUE(log.takes(at::kDouble));
}

}  // namespace
}  // namespace winnow::train
