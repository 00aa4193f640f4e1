#include "winnow/method/contrast.h"

#include <gtest/gtest.h>

#include "recorded.h"
#include "winnow/method/formulas.h"

namespace winnow::method {
namespace {

TEST(Contrast, SharesOfTheOthersSumToOne) {
  at::Tensor shares = log_shares(random_tensor({4, 9}, 1, -1000, 1000));
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_NEAR(shares[i].exp().sum().item<double>() - 1, 1, 1e-12) << "the own entry is exp(0)";
  EXPECT_TRUE(at::equal(shares.diagonal(), at::zeros({4}, shares.options())));
}

TEST(Contrast, PrototypesMoveSampleAfterSample) {
  at::Tensor prototypes = random_tensor({4, 3}, 2), rows = random_tensor({9, 3}, 3), want = prototypes.clone();
  at::Tensor labels = at::tensor({0, 1, 0, 0, 3, 1, 0, 3, 0}, at::kLong),
             indicators = one_hot(labels, at::zeros({9, 4}, rows.options()));
  indicators.select(0, 8).zero_();  // of no class
  for (std::int64_t i = 0; i < 8; ++i) {
    at::Tensor own = want[labels[i].item<std::int64_t>()];
    own.mul_(0.8).add_(rows[i], 0.2);
  }
  want = want / want.norm(2, {1}, true);
  move_prototypes(prototypes, rows, indicators, 0.8);
  EXPECT_TRUE(at::allclose(prototypes, want, 1e-12, 1e-12));
  at::Tensor empty = at::zeros({4, 3}, rows.options());
  move_prototypes(empty, rows, at::zeros_like(indicators), 0.8);
  EXPECT_EQ(empty.abs().sum().item<double>(), 0);
}

TEST(Contrast, ARingForgetsTheOldest) {
  at::Tensor ring = at::zeros({5}, at::TensorOptions(at::kLong)), pointer = at::tensor({3}, at::kLong);
  overwrite_oldest(ring, at::tensor({1, 2, 3}, at::kLong), pointer);
  EXPECT_TRUE(at::equal(ring, at::tensor({3, 0, 0, 1, 2}, at::kLong)));
}

TEST(Contrast, AQueueHoldsTheNewestFirst) {
  at::Tensor queue = at::tensor({1, 2, 3}, at::kLong);
  push_front(queue, at::tensor({8, 9}, at::kLong));
  EXPECT_TRUE(at::equal(queue, at::tensor({8, 9, 1}, at::kLong)));
  push_front(queue, at::tensor({4, 5, 6, 7}, at::kLong));
  EXPECT_TRUE(at::equal(queue, at::tensor({4, 5, 6}, at::kLong))) << "rows of a batch that is longer than the queue";
}

}  // namespace
}  // namespace winnow::method
