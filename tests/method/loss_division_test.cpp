#include "winnow/method/loss_division.h"

#include <gtest/gtest.h>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

TEST(LossDivision, AveragesTheLastEvaluationsEachNormalised) {
  at::Tensor losses = random_tensor({6, 9}, 1, 0, 5);
  at::Tensor want = (normalised_losses(losses[4], false) + normalised_losses(losses[5], false)) / 2;
  EXPECT_TRUE(at::allclose(averaged_losses(losses, 2), want, 1e-14, 1e-14));
  EXPECT_TRUE(at::equal(averaged_losses(losses, 1), normalised_losses(losses[5], false)));
  EXPECT_TRUE(at::equal(averaged_losses(losses, 99), averaged_losses(losses, 6))) << "all that there are";
  EXPECT_THROW(averaged_losses(losses, 0), UsageError);
  EXPECT_THROW(averaged_losses(losses.narrow(0, 0, 0), 1), DataError);
}

TEST(LossDivision, DividesEachNetworkByTheOther) {
  at::Tensor first = at::tensor({0.9, 0.1, 0.5}, at::kDouble), second = at::tensor({0.2, 0.8, 0.9}, at::kDouble);
  CoDivision division = co_divide(first, second, 0.5);
  EXPECT_TRUE(at::equal(division.first, second > 0.5));
  EXPECT_TRUE(at::equal(division.second, first > 0.5));
}

}  // namespace
}  // namespace winnow::method
