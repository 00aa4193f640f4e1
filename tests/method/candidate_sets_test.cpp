#include "winnow/method/candidate_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  double position = q * static_cast<double>(values.size() - 1);
  auto below = static_cast<std::size_t>(position);
  if (below + 1 == values.size()) return values[below];
  return values[below] + (position - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

std::vector<double> column(const at::Tensor& values) {
  at::Tensor own = values.contiguous();
  return {own.const_data_ptr<double>(), own.const_data_ptr<double>() + own.numel()};
}

TEST(CandidatesOfScores, QuantilesAreLinearBetweenOrderStatistics) {
  at::Tensor values = random_tensor({11, 3}, 1);
  for (double q : {0.0, 0.1, 0.37, 0.5, 0.95, 1.0}) {
    at::Tensor got = linear_quantile(values, q);
    for (std::int64_t c = 0; c < 3; ++c)
      EXPECT_NEAR(got[c].item<double>(), quantile(column(values.select(1, c)), q), 1e-14);
  }
  EXPECT_EQ(linear_quantile(values.narrow(0, 0, 1), 0.7)[2].item<double>(), values[0][2].item<double>());
  EXPECT_THROW(linear_quantile(values, 1.5), UsageError);
  EXPECT_THROW(linear_quantile(values, NAN), UsageError);
  EXPECT_THROW(linear_quantile(values.narrow(0, 0, 0), 0.5), DataError);
}

TEST(CandidatesOfScores, AreTheRuleRowByRow) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 7 % 23), C = 1 + static_cast<std::int64_t>(seed % 6);
    at::Tensor probability = at::softmax((random_tensor({N, C}, seed) * 3).round(), 1);  // with ties
    double alpha = 0.05 * static_cast<double>(seed), beta = 1 - alpha;
    CandidateSets sets = candidate_sets(probability, alpha, beta);
    double threshold = quantile(column(std::get<0>(probability.max(1))), alpha);
    EXPECT_NEAR(sets.threshold.item<double>(), threshold, 1e-14);
    for (std::int64_t i = 0; i < N; ++i) {
      std::vector<std::int64_t> classes;
      for (std::int64_t c = 0; c < C; ++c) classes.push_back(c);
      std::stable_sort(classes.begin(), classes.end(), [&](std::int64_t a, std::int64_t b) {
        return probability[i][a].item<double>() > probability[i][b].item<double>();
      });
      double sum = 0;
      for (std::int64_t c : classes) {
        EXPECT_EQ(sets.intra[i][c].item<bool>(), sum <= sets.threshold.item<double>()) << seed;
        sum += probability[i][c].item<double>();
      }
      EXPECT_TRUE(sets.intra[i][classes[0]].item<bool>()) << "at least the likeliest class";
    }
    EXPECT_TRUE(at::equal(sets.inter, probability >= linear_quantile(probability, beta)));
    EXPECT_TRUE(at::equal(sets.candidates, sets.intra.logical_and(sets.inter)));
  }
}

TEST(CandidatesOfScores, WithTheEndsOfTheirRanges) {
  at::Tensor probability = at::softmax(random_tensor({30, 5}, 2), 1);
  EXPECT_TRUE(candidate_sets(probability, 0.5, 0).inter.all().item<bool>());
  at::Tensor sizes = candidate_sets(probability, 0, 0).intra.sum(1);
  EXPECT_EQ(sizes.sum().item<std::int64_t>(), 31)
      << "the likeliest class alone; only the least certain image does not exceed the threshold with it";
}

TEST(CandidatesOfScores, WeighCandidatesOfPooledImages) {
  at::Tensor probability = at::softmax(random_tensor({4, 3}, 3), 1);
  at::Tensor candidates = at::tensor({1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1}, at::kLong).view({4, 3}).to(at::kBool);
  at::Tensor pooled = at::tensor({1, 1, 0, 0}, at::kLong).to(at::kBool);
  at::Tensor first = candidate_weights(probability, candidates, pooled, true),
             later = candidate_weights(probability, candidates, pooled, false);
  EXPECT_TRUE(at::allclose(first.sum(1), pooled.to(at::kDouble)));
  double p = probability[0][0].item<double>(), q = probability[0][1].item<double>();
  EXPECT_NEAR(first[0][0].item<double>(), p / (p + q), 1e-15);
  EXPECT_TRUE(at::equal(later, candidates.logical_and(pooled.unsqueeze(1)).to(at::kDouble)));
}

}  // namespace
}  // namespace winnow::method
