#include "winnow/method/formulas.h"

#include <gtest/gtest.h>

#include "recorded.h"

namespace winnow::method {
namespace {

at::Tensor rows(std::initializer_list<double> values, std::int64_t columns) {
  return at::tensor(std::vector<double>(values), at::TensorOptions(at::kDouble)).view({-1, columns});
}
bool near(const at::Tensor& got, const at::Tensor& want, double tolerance = 1e-6) {
  return at::allclose(got, want, tolerance, tolerance);
}

// docs/methods/partial-labels.md#10, rows of z_w and Y.
const at::Tensor z = rows({2, 1, 0, -1, .5, .5, -.5, 1.5, -2, 0, 1, 3}, 4);
const at::Tensor Y = rows({1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1}, 4);

TEST(Formulas, HaveTheSpecificationsValues) {
  EXPECT_TRUE(near(masked_softmax(z, Y),
                   rows({.731059, .268941, 0, 0, 0, .244728, .090031, .665241, .006693, 0, 0, .993307}, 4), 1e-5));
  EXPECT_NEAR(soft_cross_entropy(z, uniform_over(Y)).item<double>(), 1.747409, 1e-6);
  EXPECT_NEAR(divergence(uniform_over(Y), z).item<double>(), .919107, 1e-6);
  EXPECT_TRUE(at::equal(guess_among(z, Y), rows({1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, 4)));
}

TEST(Formulas, ARowWithoutCandidatesCountsForNothing) {
  at::Tensor some = rows({0, 0, 0, 1, 1, 0}, 3), logits = rows({1000, -1000, 0, 3, 3, 9}, 3);
  EXPECT_TRUE(at::equal(uniform_over(some), rows({0, 0, 0, .5, .5, 0}, 3)));
  EXPECT_TRUE(at::equal(masked_softmax(logits, some), rows({0, 0, 0, .5, .5, 0}, 3)));
  EXPECT_TRUE(at::equal(guess_among(logits, some), rows({0, 0, 0, 1, 0, 0}, 3))) << "ties: the lowest class";
  EXPECT_EQ(soft_losses(logits, uniform_over(some))[0].item<double>(), 0);
  EXPECT_TRUE(at::isfinite(divergence(uniform_over(some), logits)).item<bool>());
}

TEST(Formulas, MeansOfNothingAreZero) {
  EXPECT_EQ(mean_of(at::empty({0}, at::TensorOptions(at::kDouble))).item<double>(), 0);
  EXPECT_EQ(masked_mean(rows({1, 2}, 2), rows({0, 0}, 2)).item<double>(), 0);
}

TEST(Formulas, ARampGrowsToOne) {
  EXPECT_EQ(ramp(0, 4), 0);
  EXPECT_EQ(ramp(1, 4), 0.25);
  EXPECT_EQ(ramp(9, 4), 1);
  EXPECT_EQ(ramp(0, 0), 1) << "no ramp at all";
}

}  // namespace
}  // namespace winnow::method
