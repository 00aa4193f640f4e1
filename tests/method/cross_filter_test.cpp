#include "winnow/method/cross_filter.h"

#include <gtest/gtest.h>

#include "recorded.h"

namespace winnow::method {
namespace {

TEST(CrossFilter, KeepsWhatTheOtherModelConfirms) {
  at::Tensor positive = random_tensor({30, 4}, 1).round(), other = random_tensor({30, 4}, 2).round(),
             negative = random_tensor({30, 4}, 3).round();
  Exchanged model = cross_filter({positive, positive}, {other, negative});
  for (std::int64_t i = 0; i < 30; ++i) {
    auto label = model.label[i].item<std::int64_t>();
    for (std::int64_t c = 0; c < 4; ++c)
      EXPECT_TRUE(positive[i][c].item<double>() < positive[i][label].item<double>() ||
                  (positive[i][c].equal(positive[i][label]) && c >= label));
    EXPECT_EQ(model.clean[i].item<bool>(), other[i][label].item<double>() > negative[i][label].item<double>());
  }
  EXPECT_FALSE(confirmed(positive, positive, model.label).any().item<bool>()) << "equal prompts confirm nothing";
}

TEST(CrossFilter, AddsKnownLabelsToWhatThereIs) {
  at::Tensor label = at::tensor({2, 0, 1}, at::kLong), mask = at::zeros({3}, at::kBool),
             score = at::full({3}, 0.5, at::kDouble), none;
  add_labelled(at::tensor({2, 0}, at::kLong), at::tensor({0, 1}, at::kLong), label, mask, score);
  EXPECT_TRUE(at::equal(label, at::tensor({1, 0, 0}, at::kLong)));
  EXPECT_TRUE(at::equal(mask, at::tensor({1, 0, 1}, at::kLong).to(at::kBool)));
  EXPECT_TRUE(at::equal(score, at::tensor({1., 0.5, 1.}, at::kDouble)));
  add_labelled(at::zeros({0}, at::kLong), at::zeros({0}, at::kLong), label, none);
  EXPECT_TRUE(at::equal(label, at::tensor({1, 0, 0}, at::kLong)));
}

TEST(CrossFilter, AddsKnownPairs) {
  at::Tensor mask = at::zeros({3, 2}, at::kBool), score = at::full({3, 2}, 0.5, at::kDouble);
  add_labelled_pairs(at::tensor({2, 0}, at::kLong), at::tensor({0, 1}, at::kLong), mask, score);
  EXPECT_TRUE(at::equal(mask.to(at::kLong), at::tensor({0, 1, 0, 0, 1, 0}, at::kLong).view({3, 2})));
  EXPECT_TRUE(at::equal(score == 1, mask));
}

}  // namespace
}  // namespace winnow::method
