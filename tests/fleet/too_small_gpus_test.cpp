#include "too_small_gpus.h"

#include <gmock/gmock.h>

namespace winnow::fleet {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

// Three stages of two classes; the second class's only one is done.
Work three_stages() {
  Work work;
  work.classes = {"train proden", "detect gmm"};
  work.graph.classes = {0, 1, 0};
  work.graph.done = {false, true, false};
  return work;
}

Value gpu(int index, std::int64_t memory) {
  return {{"name", "H200"}, {"uuid", "MIG-" + std::to_string(index)}, {"index", index}, {"memory", memory}};
}

TEST(TooSmallGpu, IsNamedWithWhatNeedsMore) {
  EXPECT_THAT(
      too_small_gpu(three_stages(), {{0, 30 * kGiB}}, Value::array({gpu(0, 80 * kGiB), gpu(1, 24 * kGiB)}), "node"),
      AllOf(HasSubstr("host node: GPU 1 H200 (MIG-1) has 25.8 GB, and a stage of class 'train proden' has held "
                      "32.2 GB of one: "),
            HasSubstr("--small-gpus")));
}

TEST(TooSmallGpu, IsNoneWhereAllHaveRoomOrNothingIsKnown) {
  Work work = three_stages();
  Value gpus = Value::array({gpu(0, 24 * kGiB)});
  EXPECT_EQ(too_small_gpu(work, {{0, 24 * kGiB}}, gpus, "node"), "");
  EXPECT_EQ(too_small_gpu(work, {}, gpus, "node"), "");
  EXPECT_EQ(too_small_gpu(work, {{0, 0}}, gpus, "node"), "");
  EXPECT_EQ(too_small_gpu(work, {{1, 30 * kGiB}}, gpus, "node"), "") << "of what is done nothing runs";
  EXPECT_EQ(too_small_gpu(work, {{0, 30 * kGiB}}, Value::array({gpu(0, 0)}), "node"), "") << "the driver does not say";
  EXPECT_EQ(too_small_gpu(work, {{0, 30 * kGiB}}, Value::array(), "node"), "") << "CPUs";
}

}  // namespace
}  // namespace winnow::fleet
