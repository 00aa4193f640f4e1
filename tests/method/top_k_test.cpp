#include "winnow/method/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

// Few levels, so that there are ties; the last class is nobody's argmax.
at::Tensor with_ties(std::int64_t N, std::int64_t C, std::uint64_t seed) {
  at::Tensor result = (random_tensor({N, C}, seed, 0, 1) * 4).round();
  result.select(1, C - 1).fill_(-1);
  return result;
}

// The rows of the K largest, by falling value and rising number.
std::vector<std::int64_t> largest(const at::Tensor& values, std::vector<std::int64_t> rows, std::int64_t K) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::int64_t a, std::int64_t b) { return values[a].item<double>() > values[b].item<double>(); });
  rows.resize(std::min(rows.size(), static_cast<std::size_t>(K)));
  return rows;
}

at::Tensor mask_of(const std::vector<std::int64_t>& rows, std::int64_t N) {
  at::Tensor mask = at::zeros({N}, at::TensorOptions(at::kBool));
  for (std::int64_t row : rows) mask[row].fill_(true);
  return mask;
}

TEST(TopK, OfThePredictedClassIsASort) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 7 % 31), C = 2 + static_cast<std::int64_t>(seed % 4),
                 K = static_cast<std::int64_t>(seed % 6);
    at::Tensor probability = with_ties(N, C, seed), unlabelled = random_tensor({N}, seed + 50) > -0.5;
    for (bool all : {true, false}) {
      TopK top = top_k_argmax(probability, K, all ? at::Tensor() : unlabelled);
      at::Tensor want = at::zeros({N}, at::TensorOptions(at::kBool));
      for (std::int64_t c = 0; c < C; ++c) {
        std::vector<std::int64_t> members;
        for (std::int64_t i = 0; i < N; ++i) {
          std::int64_t label = 0;  // the lower class on ties
          for (std::int64_t k = 1; k < C; ++k)
            if (probability[i][k].item<double>() > probability[i][label].item<double>()) label = k;
          if (label == c && (all || unlabelled[i].item<bool>())) members.push_back(i);
        }
        want.logical_or_(mask_of(largest(top.score, members, K), N));
      }
      EXPECT_TRUE(at::equal(top.mask, want)) << seed;
      EXPECT_TRUE(at::equal(top.score, std::get<0>(probability.max(1))));
      EXPECT_LE(top.mask.sum().item<std::int64_t>(), C * K);
    }
  }
}

TEST(TopK, OfEachColumnIsASort) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 5 % 17), C = 3, K = static_cast<std::int64_t>(seed % 7);
    at::Tensor probability = with_ties(N, C, seed), unlabelled = random_tensor({N}, seed + 50) > -0.5;
    for (bool all : {true, false}) {
      at::Tensor mask = top_k_columnwise(probability, K, all ? at::Tensor() : unlabelled);
      std::vector<std::int64_t> images;
      for (std::int64_t i = 0; i < N; ++i)
        if (all || unlabelled[i].item<bool>()) images.push_back(i);
      for (std::int64_t c = 0; c < C; ++c)
        EXPECT_TRUE(at::equal(mask.select(1, c), mask_of(largest(probability.select(1, c), images, K), N))) << seed;
    }
  }
}

TEST(TopK, DoesNotDependOnTheOrderOfTheImages) {
  at::Tensor probability = at::softmax(random_tensor({40, 5}, 3), 1), order = random_tensor({40}, 4).argsort();
  at::Tensor shuffled = probability.index_select(0, order);
  EXPECT_TRUE(at::equal(top_k_argmax(shuffled, 3).mask, top_k_argmax(probability, 3).mask.index_select(0, order)));
  EXPECT_TRUE(at::equal(top_k_columnwise(shuffled, 3), top_k_columnwise(probability, 3).index_select(0, order)));
}

TEST(TopK, OfGrowingRoundsEndsWithBalancedClasses) {
  EXPECT_EQ(growing_k(1, 5, 60, 6), 2);
  EXPECT_EQ(growing_k(5, 5, 60, 6), 10);
  EXPECT_EQ(growing_k(10, 10, 109, 10), 10) << "of 100 images and not of 109";
  EXPECT_EQ(growing_k(1, 10, 50, 47), 0);
  for (std::int64_t round = 1; round <= 7; ++round) EXPECT_LE(growing_k(round, 7, 100, 9), 100 / 9);
}

TEST(TopK, RefusesWhatMakesNoSense) {
  at::Tensor probability = random_tensor({3, 2}, 1);
  EXPECT_THROW(top_k_argmax(probability, -1), UsageError);
  EXPECT_THROW(top_k_columnwise(probability, -1), UsageError);
  EXPECT_THROW(growing_k(0, 5, 10, 2), UsageError);
  EXPECT_THROW(growing_k(1, 5, 10, 0), UsageError);
}

}  // namespace
}  // namespace winnow::method
