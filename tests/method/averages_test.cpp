// Averages of weights, of texts and of predictions.
#include <gtest/gtest.h>

#include <cmath>

#include "recorded.h"
#include "winnow/core/error.h"
#include "winnow/method/ensemble.h"
#include "winnow/method/weight_average.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::method {
namespace {

TEST(WeightAverage, MovesACopyTowardsItsSource) {
  at::Tensor copy = at::ones({2}, at::kDouble), source = at::full({2}, 3., at::kDouble);
  move_towards(copy, source, 0.75);
  EXPECT_TRUE(at::equal(copy, at::full({2}, 1.5, at::kDouble)));
  move_towards(copy, source, 1);
  EXPECT_TRUE(at::equal(copy, at::full({2}, 1.5, at::kDouble)));
}

TEST(WeightAverage, SharesOfEpochsAreANormalDensity) {
  at::Tensor shares = gaussian_shares(20, 15, 2);
  EXPECT_NEAR(shares.sum().item<double>(), 1, 1e-14);
  EXPECT_EQ(shares.argmax().item<std::int64_t>(), 14) << "epochs count from 1";
  EXPECT_NEAR(shares[16].item<double>() / shares[14].item<double>(), std::exp(-0.5), 1e-14);
  EXPECT_EQ(gaussian_shares(3, 500, 1)[2].item<double>(), 1) << "no zero density of all";
  EXPECT_THROW(gaussian_shares(0, 1, 1), UsageError);
  EXPECT_THROW(gaussian_shares(3, 1, 0), UsageError);
}

TEST(ZeroShotScores, AverageTheTextsThatAreThere) {
  at::Tensor text = random_tensor({3, 4, 5}, 1), present = at::ones({3, 4}, at::kByte);
  present[1].narrow(0, 1, 3).zero_();
  text[1].narrow(0, 1, 3).fill_(NAN);
  at::Tensor texts = averaged_texts(text, present);
  EXPECT_TRUE(at::allclose(texts[1], text[1][0] / text[1][0].norm())) << "one text is itself";
  EXPECT_TRUE(at::allclose(texts.norm(2, {1}), at::ones({3}, at::kDouble)));
  at::Tensor each = text[2] / text[2].norm(2, {1}, true), mean = each.mean(0);
  EXPECT_TRUE(at::allclose(texts[2], mean / mean.norm()));
}

TEST(ZeroShotScores, AreScaledCosines) {
  at::Tensor features = random_tensor({4, 5}, 1), classes = random_tensor({3, 5}, 2);
  at::Tensor logits = cosine_logits(features, 7 * classes, 100);
  EXPECT_NEAR(
      logits[2][1].item<double>(),
      100 * (features[2] * classes[1]).sum().item<double>() / (features[2].norm() * classes[1].norm()).item<double>(),
      1e-12);
}

TEST(Ensemble, AveragesProbabilitiesOrLogits) {
  at::Tensor logits = random_tensor({2, 4, 3}, 1, -5, 5);
  EXPECT_TRUE(at::allclose(mean_logits(logits), (logits[0] + logits[1]) / 2));
  EXPECT_TRUE(at::allclose(mean_probability(logits), (at::softmax(logits[0], 1) + at::softmax(logits[1], 1)) / 2));
  EXPECT_TRUE(at::allclose(mean_probability(logits).sum(1), at::ones({4}, at::kDouble)));
}

}  // namespace
}  // namespace winnow::method
