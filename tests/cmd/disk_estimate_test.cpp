// What a sweep's open stages will take of the disk, and what is not known.
#include "disk_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "small_plan.h"

namespace winnow::cmd {
namespace {

class Disk : public testing::Test {
 protected:
  Folder folder_;
  sweep::Plan plan_ =
      small_plan(folder_, "method = [\"cc\", \"proden\"]\nadapt = [\"lora\", \"full-tuning\"]\nseed = [0, 1, 2]\n");
  std::vector<bool> done_ = std::vector<bool>(plan_.nodes().size());

  // Full tuning keeps 1,000 bytes, lora 10.
  std::optional<std::uint64_t> size_of(std::uint32_t node) const {
    Settings settings = plan_.stage(node).settings;
    return settings.has("adapt") && settings.text("adapt") == "full-tuning" ? 1000u : 10u;
  }
  DiskEstimate estimate() const {
    return disk_estimate(plan_, done_, [this](std::uint32_t node) { return size_of(node); });
  }
  void finish(const std::string& adapt, std::int64_t seed) {
    for (std::size_t i = 0; i < plan_.experiments(); ++i) {
      Settings settings = plan_.settings(i);
      if (settings.text("adapt") == adapt && settings.integer("seed") == seed) done_[plan_.cell_node(i)] = true;
    }
    done_[0] = true;  // the backbone
  }
};

TEST_F(Disk, NothingDoneIsNothingKnown) {
  DiskEstimate disk = estimate();
  EXPECT_EQ(disk.to_run, 13u);
  EXPECT_EQ(disk.unknown, 13u);
  EXPECT_EQ(disk.bytes, 0u);
}

TEST_F(Disk, StagesTakeWhatThoseLikeThemTook) {
  finish("full-tuning", 0);
  DiskEstimate disk = estimate();
  EXPECT_EQ(disk.to_run, 10u);
  EXPECT_EQ(disk.bytes, 4000u) << "two methods, two seeds";
  EXPECT_EQ(disk.unknown, 6u) << "nobody knows what lora takes";
  finish("lora", 1);
  disk = estimate();
  EXPECT_EQ(disk.bytes, 4040u);
  EXPECT_EQ(disk.unknown, 0u);
  EXPECT_EQ(disk.measured, 5u);
}

TEST_F(Disk, ARunFileThatIsGoneMeasuresNothing) {
  finish("full-tuning", 0);
  EXPECT_EQ(disk_estimate(plan_, done_, [](std::uint32_t) { return std::nullopt; }).unknown, 10u);
}

TEST_F(Disk, AllDoneNeedsNone) {
  std::fill(done_.begin(), done_.end(), true);
  EXPECT_EQ(estimate().to_run, 0u);
}

TEST_F(Disk, OfManyStagesSomeStandForAll) {
  std::string seeds;
  for (int i = 0; i < 2000; ++i) seeds += std::to_string(i) + ",";
  plan_ = small_plan(folder_, "method = [\"cc\"]\nadapt = [\"lora\", \"full-tuning\"]\nseed = [" + seeds + "]\n");
  done_.assign(plan_.nodes().size(), false);
  std::size_t asked = 0;
  for (std::size_t i = 0; i < done_.size(); i += 2) done_[i] = true;
  done_[0] = true;
  DiskEstimate disk = disk_estimate(plan_, done_, [&](std::uint32_t node) { return ++asked, size_of(node); });
  EXPECT_LT(asked, 500u);
  EXPECT_EQ(disk.unknown, 0u);
  double exact = 0;
  for (std::uint32_t i = 0; i < done_.size(); ++i)
    if (!done_[i]) exact += static_cast<double>(*size_of(i));
  EXPECT_NEAR(static_cast<double>(disk.bytes), exact, 0.2 * exact);
}

}  // namespace
}  // namespace winnow::cmd
