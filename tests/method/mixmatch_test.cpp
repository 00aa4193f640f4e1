#include "winnow/method/mixmatch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "recorded.h"

namespace winnow::method {
namespace {

at::Tensor probability(std::int64_t rows, std::uint64_t seed) {
  return at::softmax(random_tensor({rows, 4}, seed, -2, 2), 1);
}

TEST(MixMatch, SharpeningKeepsTheOrderAndTheSum) {
  at::Tensor p = probability(5, 1), sharp = sharpened(p, 0.5);
  EXPECT_TRUE(at::allclose(sharp.sum(1), at::ones({5}, at::kDouble)));
  EXPECT_TRUE(at::equal(sharp.argsort(std::int64_t{1}), p.argsort(std::int64_t{1})));
  EXPECT_TRUE((sharp.amax(1) > p.amax(1)).all().item<bool>());
  EXPECT_TRUE(at::allclose(sharpened(p, 1), p));
}

TEST(MixMatch, ACertainLabelIsTheTargetWhateverTheNetworksSay) {
  at::Tensor given = at::tensor({2, 0, 1}, at::kLong), one = at::ones({3}, at::kDouble);
  at::Tensor target = refined_targets({probability(3, 1), probability(3, 2)}, given, one, 0.5);
  EXPECT_TRUE(at::allclose(target, at::one_hot(given, 4).to(at::kDouble)));
  at::Tensor doubtful = refined_targets({probability(3, 1), probability(3, 2)}, given, 0 * one, 0.5);
  EXPECT_TRUE(at::allclose(doubtful, guessed_targets({probability(3, 1), probability(3, 2)}, 0.5)));
}

TEST(MixMatch, WithoutUnlabelledRowsTheirLossIsZero) {
  at::Tensor logits = random_tensor({4, 4}, 3);
  MixMatchLosses losses = mixmatch_losses(logits, probability(4, 4), 4);
  EXPECT_EQ(losses.unlabelled.item<double>(), 0);
  EXPECT_TRUE(std::isfinite(losses.labelled.item<double>()));
}

TEST(MixMatch, ThePenaltyIsZeroForAnEvenPrediction) {
  at::Tensor even = at::zeros({3, 4}, at::kDouble);
  EXPECT_NEAR(mixmatch_losses(even, probability(3, 5), 2).penalty.item<double>(), 0, 1e-12);
  EXPECT_GT(mixmatch_losses(random_tensor({3, 4}, 6, -9, 9), probability(3, 5), 2).penalty.item<double>(), 0);
}

}  // namespace
}  // namespace winnow::method
