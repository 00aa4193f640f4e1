#include "winnow/method/uniform_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "recorded.h"

namespace winnow::method {
namespace {

TEST(UniformSelection, DivergenceIsZeroOfTheLabelAndAtMostLnTwo) {
  at::Tensor given = at::tensor({0, 1, 2}, at::kLong),
             prediction = at::eye(3, at::TensorOptions(at::kDouble)).roll(1, 0);
  EXPECT_TRUE(at::allclose(divergence_from_labels(prediction, given), at::full({3}, std::log(2), at::kDouble)));
  EXPECT_TRUE(
      at::allclose(divergence_from_labels(prediction.roll(-1, 0), given), at::zeros({3}, at::kDouble), 0, 1e-9));
}

TEST(UniformSelection, IsTheRuleClassByClass) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 13 % 41), C = 2 + static_cast<std::int64_t>(seed % 5);
    at::Tensor divergence = (random_tensor({N}, seed, 0, 0.69) * 10).round() / 10;  // with ties
    at::Tensor given = random_tensor({N}, seed + 1, 0, static_cast<double>(C - 1)).floor().to(at::kLong);
    double threshold = seed % 2 ? 0.1 : 0.7, cut = divergence.mean().item<double>();
    if (cut > threshold) cut -= (cut - divergence.min().item<double>()) / 5;
    std::int64_t below = 0;
    for (std::int64_t i = 0; i < N; ++i) below += divergence[i].item<double>() < cut;
    std::vector<std::int64_t> list;  // the reference code's
    for (std::int64_t c = 0; c < C; ++c) {
      std::vector<std::pair<double, std::int64_t>> members;
      for (std::int64_t i = 0; i < N; ++i)
        if (given[i].item<std::int64_t>() == c) members.emplace_back(divergence[i].item<double>(), i);
      std::sort(members.begin(), members.end());
      members.resize(std::min(members.size(), static_cast<std::size_t>(below / C)));
      for (const auto& member : members) list.push_back(member.second);
    }
    at::Tensor want = at::zeros({N}, at::TensorOptions(at::kBool));
    for (std::int64_t i : list) want[i].fill_(true);

    UniformSelection selected = select_uniformly(divergence, given, C, threshold, 5);
    EXPECT_NEAR(selected.cut.item<double>(), cut, 1e-14);
    EXPECT_EQ(selected.rate.item<double>(), static_cast<double>(below) / static_cast<double>(N));
    EXPECT_TRUE(at::equal(selected.mask, want)) << seed;
    for (std::int64_t i = 0; i < N; ++i)
      EXPECT_EQ(selected.weight[i].item<double>(),
                divergence[i].item<double>() < 0.5 ? 1 : 1 - divergence[i].item<double>());

    // The reference code computes with R, which floating point may put just below a whole number of samples.
    double places = static_cast<double>(below) / static_cast<double>(N) * static_cast<double>(N);
    if (static_cast<std::int64_t>(places) != below ||
        static_cast<std::int64_t>(places / static_cast<double>(C)) != below / C)
      continue;
    list.resize(static_cast<std::size_t>(below), 0);
    EXPECT_TRUE(
        at::equal(padded_list(divergence, given, C, selected.rate.item<double>()), at::tensor(list, at::kLong)));
    for (std::int64_t i : list) want[i].fill_(true);
    EXPECT_TRUE(at::equal(select_uniformly(divergence, given, C, threshold, 5, Padding::sample_0).mask, want)) << seed;
  }
}

}  // namespace
}  // namespace winnow::method
