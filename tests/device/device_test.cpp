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

TEST(Device, LacksAPrecisionThatItsGenerationHasNot) {
  c10::Device gpu(at::kCUDA, 0);
  EXPECT_THAT(why_without("tf32", at::kCPU), testing::HasSubstr("cpu has no such products"));
  EXPECT_EQ(why_without("bf16", at::kCPU), "");
  auto of = [&](int (*capability)(int)) {
    set_cuda_facts({nullptr, capability});
    std::string why = why_without("bf16", gpu);
    EXPECT_EQ(why_without("tf32", gpu), why);
    EXPECT_EQ(why_without("fp32", gpu) + why_without("fp16", gpu) + why_without("fp64", gpu), "");
    set_cuda_facts({});
    return why;
  };
  EXPECT_EQ(of([](int) { return 75; }), "GPUs have such products from compute capability 8.0 on, this one's is 7.5");
  EXPECT_EQ(of([](int) { return 80; }), "");
  EXPECT_EQ(of([](int) { return 90; }), "");
}

}  // namespace
}  // namespace winnow::device
