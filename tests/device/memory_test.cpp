#include "winnow/device/memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"

namespace winnow::device {
namespace {

TEST(Memory, ThePeakIsOfAllThatWasHeldAtOnce) {
  constexpr std::int64_t kBytes = 4 << 20;
  release_memory(test_device());
  std::int64_t before = peak_memory(test_device());
  for (int i = 0; i < 3; ++i) at::empty({kBytes}, at::TensorOptions(at::kByte).device(test_device()));
  std::int64_t one = peak_memory(test_device()) - before;
  at::Tensor kept = at::empty({kBytes}, at::TensorOptions(at::kByte).device(test_device()));
  at::empty({kBytes}, at::TensorOptions(at::kByte).device(test_device()));
  std::int64_t two = peak_memory(test_device()) - before;
  if (test_device().is_cpu()) {
    EXPECT_EQ(two, 0) << "nobody shares it out";
    EXPECT_EQ(held_memory(test_device()), 0);
    return;
  }
  EXPECT_GE(one, kBytes);
  EXPECT_LT(one, 2 * kBytes);
  EXPECT_GE(two, 2 * kBytes);
  EXPECT_GE(held_memory(test_device()), kBytes) << "one is kept";
  EXPECT_LT(held_memory(test_device()), peak_memory(test_device())) << "the other is gone";
  release_memory(test_device());
  EXPECT_GE(peak_memory(test_device()) - before, kBytes) << "what is held still counts";
  EXPECT_LT(peak_memory(test_device()) - before, 2 * kBytes);
}

}  // namespace
}  // namespace winnow::device
