#include "winnow/method/high_confidence.h"

#include <gtest/gtest.h>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

TEST(HighConfidence, IntersectsTheLastEpochs) {
  at::Tensor sets = random_tensor({7, 30}, 1) > -0.6;
  for (std::int64_t history : {1, 3, 5, 9}) {
    at::Tensor lasting = lasting_sets(sets, history);
    for (std::int64_t epoch = 0; epoch < 7; ++epoch) {
      std::int64_t first = std::max<std::int64_t>(0, epoch + 1 - history);
      EXPECT_TRUE(at::equal(lasting[epoch], sets.narrow(0, first, epoch + 1 - first).all(0)))
          << history << ", " << epoch;
    }
  }
  EXPECT_TRUE(at::equal(lasting_sets(sets.to(at::kByte), 3), lasting_sets(sets, 3)));
  EXPECT_THROW(lasting_sets(sets, 0), UsageError);
}

TEST(HighConfidence, ChoosesTheLargestAndOfEqualOnesTheLatest) {
  at::Tensor sets = at::tensor({1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1}, at::kLong).view({4, 3}).to(at::kBool);
  EXPECT_TRUE(at::equal(largest_set(sets, 9), sets[0]));
  EXPECT_TRUE(at::equal(largest_set(sets, 3), sets[2])) << "of {0, 1} and {1, 2}";
  EXPECT_TRUE(at::equal(largest_set(sets, 1), sets[3]));
  EXPECT_FALSE(largest_set(at::zeros_like(sets), 2).any().item<bool>());
  EXPECT_THROW(largest_set(sets, 0), UsageError);
  EXPECT_THROW(largest_set(sets.narrow(0, 0, 0), 1), DataError);
}

TEST(HighConfidence, IsCertain) {
  at::Tensor posterior = random_tensor({3}, 1, 0, 1), confident = at::tensor({0, 1, 0}, at::kLong);
  at::Tensor forced = confident_posterior(posterior, confident.to(at::kByte));
  EXPECT_EQ(forced[1].item<double>(), 1);
  EXPECT_EQ(forced[0].item<double>(), posterior[0].item<double>());
}

}  // namespace
}  // namespace winnow::method
