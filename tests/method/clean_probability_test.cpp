#include "winnow/method/clean_probability.h"

#include <gtest/gtest.h>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

TEST(CleanProbability, IsAboveOneHalfWherePositiveExceedsNegative) {
  at::Tensor positive = random_tensor({50, 4}, 1, -3, 3).round(), negative = random_tensor({50, 4}, 2, -3, 3).round();
  at::Tensor given = random_tensor({50}, 3, 0, 4).floor().to(at::kLong), own = given.unsqueeze(1);
  at::Tensor exceeds = (positive.gather(1, own) > negative.gather(1, own)).squeeze(1);
  CleanSelection synthetic = select_clean(positive, negative, given, Consistency::none);
  EXPECT_TRUE(at::equal(synthetic.mask, exceeds)) << "equal logits are not clean";
  EXPECT_TRUE(at::equal(synthetic.label, positive.argmax(1)));
  EXPECT_TRUE(at::equal(select_clean(positive, negative, given, Consistency::positive_logits).mask,
                        exceeds.logical_and(positive.argmax(1) == given)));
  EXPECT_TRUE(at::equal(select_clean(positive, negative, given, Consistency::clean_probability).mask,
                        exceeds.logical_and((positive - negative).argmax(1) == given)));
}

TEST(CleanProbability, KnowsItsSettings) {
  EXPECT_EQ(consistency_named("clean-probability"), Consistency::clean_probability);
  EXPECT_EQ(consistency_named("pos-logits"), Consistency::positive_logits);
  EXPECT_THROW(consistency_named("none"), UsageError);
}

}  // namespace
}  // namespace winnow::method
