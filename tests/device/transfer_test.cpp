#include "winnow/device/transfer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"

namespace winnow::device {
namespace {

TEST(Transfer, ThereAndBackIsTheSame) {
  at::Tensor host = at::arange(24, at::kFloat).view({2, 3, 4});
  at::Tensor there = to_device(host, test_device());
  EXPECT_EQ(there.device(), test_device());
  EXPECT_TRUE(at::equal(to_host(there), host));
}

// A copy that became contiguous would give convolutions another layout, and other bits.
TEST(Transfer, KeepsTheLayoutOfDenseTensors) {
  at::Tensor host = at::arange(48, at::kFloat).view({2, 3, 2, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor there = to_device(host, test_device());
  EXPECT_EQ(there.strides(), host.strides());
  EXPECT_TRUE(at::equal(to_host(there), host));
  at::Tensor part = host.narrow(3, 1, 2), expanded = host.narrow(0, 0, 1).expand({4, 3, 2, 4});
  EXPECT_TRUE(at::equal(to_host(to_device(part, test_device())), part));
  EXPECT_TRUE(at::equal(to_host(to_device(expanded, test_device())), expanded));
}

TEST(Transfer, TakesEmptyTensorsAndScalars) {
  EXPECT_EQ(to_device(at::empty({0, 3}), test_device()).sizes(), at::IntArrayRef({0, 3}));
  EXPECT_EQ(to_host(to_device(at::scalar_tensor(2.5), test_device())).item<double>(), 2.5);
}

// So that images made on threads ahead of the step cost the step's own thread no copy.
TEST(Transfer, WhatIsReadyIsNotCopiedOnTheHostAgain) {
  at::Tensor host = at::arange(48, at::kByte).view({2, 4, 2, 3}), ready = ready_for(host, test_device());
  EXPECT_TRUE(at::equal(ready, host));
  if (test_device().is_cpu()) {
    EXPECT_TRUE(ready.is_same(host));
    return;
  }
  EXPECT_TRUE(ready.is_pinned());
  EXPECT_TRUE(ready_for(ready, test_device()).is_same(ready));
  EXPECT_TRUE(at::equal(to_host(to_device(ready, test_device())), host));
  at::Tensor part = ready_for(host.narrow(3, 1, 2), test_device());
  EXPECT_TRUE(part.is_pinned() && at::equal(part, host.narrow(3, 1, 2)));
}

TEST(Transfer, OnTheCpuCopiesNothing) {
  at::Tensor host = at::ones({3});
  EXPECT_TRUE(ready_for(host, at::kCPU).is_same(host));
  EXPECT_TRUE(to_device(host, at::kCPU).is_same(host));
  EXPECT_TRUE(to_host(host).is_same(host));
}

}  // namespace
}  // namespace winnow::device
