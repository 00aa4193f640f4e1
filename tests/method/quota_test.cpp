#include "winnow/method/quota.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "recorded.h"

namespace winnow::method {
namespace {

// The rule as it is written down, class by class.
std::vector<bool> by_hand(const at::Tensor& losses, const at::Tensor& labels, const at::Tensor& eligible,
                          const at::Tensor& prior, double fraction) {
  std::int64_t B = losses.size(0);
  std::vector<bool> chosen(static_cast<std::size_t>(B), false);
  for (std::int64_t j = 0; j < prior.size(0); ++j) {
    std::vector<std::pair<double, std::int64_t>> members;
    for (std::int64_t i = 0; i < B; ++i)
      if (labels[i].item<std::int64_t>() == j && eligible[i].item<bool>())
        members.emplace_back(losses[i].item<double>(), i);
    std::sort(members.begin(), members.end());
    auto quota =
        static_cast<std::size_t>(std::max(1.0, std::ceil(static_cast<double>(B) * prior[j].item<double>() * fraction)));
    for (std::size_t k = 0; k < std::min(quota, members.size()); ++k)
      chosen[static_cast<std::size_t>(members[k].second)] = true;
  }
  return chosen;
}

TEST(Quota, IsTheRuleClassByClass) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::int64_t B = 1 + static_cast<std::int64_t>(seed % 23), C = 1 + static_cast<std::int64_t>(seed % 7);
    at::Tensor losses = (random_tensor({B}, seed) * 4).round();  // with ties
    at::Tensor labels = random_tensor({B}, seed + 100, 0, static_cast<double>(C)).floor().to(at::kLong);
    at::Tensor eligible = random_tensor({B}, seed + 200) > -0.7, prior = at::softmax(random_tensor({C}, seed + 300), 0);
    at::Tensor chosen = smallest_per_class(losses, labels, eligible, prior, 0.05 * static_cast<double>(seed % 20));
    std::vector<bool> want = by_hand(losses, labels, eligible, prior, 0.05 * static_cast<double>(seed % 20));
    for (std::int64_t i = 0; i < B; ++i)
      EXPECT_EQ(chosen[i].item<bool>(), want[static_cast<std::size_t>(i)]) << seed << ", " << i;
  }
}

TEST(Quota, OfNothingIsNothing) {
  at::Tensor none = at::empty({0}, at::TensorOptions(at::kDouble)), prior = at::full({3}, 1. / 3, none.options());
  EXPECT_EQ(smallest_per_class(none, none.to(at::kLong), none.to(at::kBool), prior, 0.5).numel(), 0);
  at::Tensor two = at::zeros({2}, none.options());
  EXPECT_FALSE(smallest_per_class(two, two.to(at::kLong), two.to(at::kBool), prior, 1).any().item<bool>());
}

}  // namespace
}  // namespace winnow::method
