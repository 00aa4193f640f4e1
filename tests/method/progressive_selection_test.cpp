#include "winnow/method/progressive_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "recorded.h"

namespace winnow::method {
namespace {

TEST(ProgressiveSelection, GrowsAndStays) {
  EXPECT_EQ(selected_share(0.3, 0.8, 0, 50), 0.3);
  EXPECT_NEAR(selected_share(0.3, 0.8, 20, 50), 0.5, 1e-15);
  EXPECT_EQ(selected_share(0.3, 0.8, 200, 50), 0.8);
  EXPECT_EQ(selected_share(0.3, 0.8, 0, 0), 0.8);
}

TEST(ProgressiveSelection, IsTheRuleClassByClass) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 13 % 41), C = 2 + static_cast<std::int64_t>(seed % 5);
    double rho = 0.05 * static_cast<double>(seed % 21);
    at::Tensor losses = (random_tensor({N}, seed) * 3).round();  // with ties
    at::Tensor given = random_tensor({N}, seed + 1, 0, static_cast<double>(C - 1)).floor().to(at::kLong);
    at::Tensor want = at::zeros({N}, at::TensorOptions(at::kBool));
    for (std::int64_t c = 0; c < C; ++c) {
      std::vector<std::pair<double, std::int64_t>> members;
      for (std::int64_t i = 0; i < N; ++i)
        if (given[i].item<std::int64_t>() == c) members.emplace_back(losses[i].item<double>(), i);
      std::sort(members.begin(), members.end());
      double quota = std::max(1.0, std::ceil(rho * static_cast<double>(N) / static_cast<double>(C)));
      members.resize(std::min(members.size(), static_cast<std::size_t>(quota)));
      for (const auto& member : members) want[member.second].fill_(true);
    }
    EXPECT_TRUE(at::equal(small_losses_of_classes(losses, given, C, rho), want)) << seed;
  }
}

TEST(ProgressiveSelection, MatchesConfidenceStrictly) {
  at::Tensor probability = at::tensor({0.94, 0.95, 0.96}, at::kDouble);
  EXPECT_TRUE(at::equal(matched_confidence(probability, 0.95), at::tensor({0, 0, 1}, at::kLong).to(at::kBool)));
}

}  // namespace
}  // namespace winnow::method
