#include "winnow/train/epoch_average.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "winnow/method/weight_average.h"

namespace winnow::train {
namespace {

Settings averaged(const char* word) {
  Settings settings;
  settings.set("train.average", word);
  return settings;
}

Settings gaussian(double mean, double deviation) {
  return Settings(
      {{"train.average", "gaussian"}, {"train.average_mean", mean}, {"train.average_deviation", deviation}});
}

TEST(EpochAverage, IsTheMeanOfWhatTheEpochsLeftAfterTheLastOne) {
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::zeros({2}, at::kDouble), true);
  EpochAverage average(gaussian(2, 1), 3, {w});
  at::Tensor left = at::tensor({1.0, -4.0, 2.0, 0.5, 8.0, 3.0}, at::kDouble).view({3, 2});
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    w->value.copy_(left[epoch]);
    EXPECT_EQ(average.end_epoch(epoch), epoch == 2);
    if (epoch < 2) {
      EXPECT_TRUE(at::equal(w->value, left[epoch])) << "until then training goes on from its own weights";
    }
  }
  at::Tensor shares = method::gaussian_shares(3, 2, 1);
  EXPECT_TRUE(at::allclose(w->value, at::matmul(shares, left)));
}

TEST(EpochAverage, WithoutTheSettingNothingIsKept) {
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::ones({2}), true);
  for (const Settings& settings : {Settings(), averaged("none")}) {
    EpochAverage none(settings, 1, {w});
    EXPECT_FALSE(none.end_epoch(0));
    EXPECT_TRUE(none.state().empty());
  }
  EXPECT_EQ(EpochAverage(gaussian(15, 1), 2, {w}).state().size(), 1u);
  EXPECT_THAT(refusal([&] { EpochAverage(averaged("mean"), 1, {w}); }),
              testing::HasSubstr("train.average: unknown 'mean'"));
}

}  // namespace
}  // namespace winnow::train
