#include "winnow/device/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "../test_device.h"

namespace winnow::device {
namespace {

TEST(Device, IsNamed) {
  EXPECT_EQ(named("cpu"), c10::Device(at::kCPU));
  EXPECT_THAT(names(), testing::Contains("cpu"));
}

TEST(Device, OfAnotherNameIsRefusedWithTheNearest) {
  EXPECT_THAT(refusal([] { named("cpuu"); }), testing::StartsWith("device: unknown 'cpuu' (did you mean 'cpu'?)"));
  EXPECT_THAT(refusal([] { named(""); }), testing::HasSubstr("known: cpu, cuda"));
  EXPECT_THAT(refusal([] { named("cudda"); }), testing::HasSubstr("did you mean 'cuda'?"));
  EXPECT_THAT(refusal([] { named("cuda"); }), testing::HasSubstr("needs its module"));
  EXPECT_THAT(refusal([] { named("xpu:0"); }), testing::HasSubstr("device: unknown 'xpu:0'"));
  for (const char* name : {"cpu:one", "cpu:1", "cpu:"})
    EXPECT_THAT(refusal([&] { named(name); }), testing::HasSubstr("is no device: expected cpu, which has no number"));
  if (test_device().is_cpu()) return;
  for (const char* name : {"standin:one", "standin:2", "standin:"})
    EXPECT_THAT(refusal([&] { named(name); }),
                testing::HasSubstr("is no device: expected standin, or standin:NUMBER up to 1"));
}

TEST(Device, KindOfACpuIsItsProcessorAndItsVectorInstructions) {
  EXPECT_THAT(kind_of(at::kCPU), testing::MatchesRegex("cpu: .+, [A-Z0-9]+"));
  if (!test_device().is_cpu()) EXPECT_EQ(kind_of(test_device()), "standin");
}

}  // namespace
}  // namespace winnow::device
