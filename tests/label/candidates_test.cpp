#include "winnow/label/candidates.h"

#include <gtest/gtest.h>

#include <numeric>

#include "winnow/core/error.h"

namespace winnow::label {
namespace {

std::vector<std::int64_t> balanced(std::int64_t samples, std::int64_t classes) {
  std::vector<std::int64_t> truth(static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = static_cast<std::int64_t>(i) % classes;
  return truth;
}

double mean_size(const Candidates& sets) {
  return static_cast<double>(std::accumulate(sets.mask.begin(), sets.mask.end(), 0LL)) /
         static_cast<double>(sets.samples);
}

void expect_true_label_inside(Candidates& sets, const std::vector<std::int64_t>& truth) {
  for (std::size_t i = 0; i < truth.size(); ++i) ASSERT_EQ(sets.row(i)[truth[i]], 1) << i;
}

// docs/methods/partial-labels.md#1.6: test vectors of NumPy's legacy generator.
TEST(NumpyLegacy, TestVectors) {
  NumpyLegacy doubles(0);
  for (double want : {0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969})
    EXPECT_EQ(doubles.uniform(), want);
  std::vector<std::int64_t> ten(10);
  std::iota(ten.begin(), ten.end(), 0);
  NumpyLegacy(0).shuffle(ten);
  EXPECT_EQ(ten, (std::vector<std::int64_t>{2, 8, 4, 9, 1, 6, 7, 3, 0, 5}));
  std::vector<std::int64_t> many(5000);
  NumpyLegacy state(0);
  for (int i = 0; i < 10; ++i) state.shuffle(many);
  EXPECT_EQ(state.uniform(), 0.7290947260117723) << "CIFAR-10-LT's state before flipping";
}

TEST(Flip, SizesFollowTheRate) {
  auto truth = balanced(5000, 10);
  for (double rate : {0.1, 0.3, 0.7}) {
    Candidates sets = flip(truth, 10, rate, 1, Law::stream);
    expect_true_label_inside(sets, truth);
    EXPECT_NEAR(mean_size(sets), 1 + 9 * rate, 0.1);
  }
  EXPECT_EQ(mean_size(flip(truth, 10, 0, 1, Law::stream)), 1);
  EXPECT_EQ(mean_size(flip(truth, 10, 1, 1, Law::stream)), 10);
}

TEST(Flip, OneSampleMoreChangesNoOther) {
  auto few = balanced(50, 10), more = balanced(51, 10);
  Candidates a = flip(few, 10, 0.5, 3, Law::stream), b = flip(more, 10, 0.5, 3, Law::stream);
  EXPECT_TRUE(std::equal(a.mask.begin(), a.mask.end(), b.mask.begin()));
  EXPECT_NE(flip(few, 10, 0.5, 4, Law::stream).mask, a.mask);
}

// docs/methods/partial-labels.md#10: the reference law for C = 10.
TEST(Uniform, SizeDistribution) {
  std::vector<double> want{.009785, .053816, .171233, .376712, .623288, .828767, .946184, .990215, 1};
  std::vector<double> got = uniform_size_cdf(10, SizeLaw::reference);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6);
  EXPECT_EQ(uniform_size_cdf(1000, SizeLaw::reference).back(), 1) << "no overflow where 2^C has no integer";
}

TEST(Uniform, MeanSizes) {
  auto truth = balanced(8000, 10);
  Candidates reference = uniform(truth, 10, SizeLaw::reference, 0, Law::stream);
  expect_true_label_inside(reference, truth);
  EXPECT_NEAR(mean_size(reference), 5.0, 0.1);
  EXPECT_NEAR(mean_size(uniform(truth, 10, SizeLaw::exact, 0, Law::stream)), 5.491, 0.1);
  EXPECT_THROW(uniform(truth, 1, SizeLaw::exact, 0, Law::stream), UsageError);
}

}  // namespace
}  // namespace winnow::label
