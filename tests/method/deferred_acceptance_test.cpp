#include "winnow/method/deferred_acceptance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "recorded.h"
#include "winnow/core/error.h"

namespace winnow::method {
namespace {

using testing::HasSubstr;

// The rule as it is written down: every image with a list of all its classes, every class with a sorted list.
std::vector<std::int64_t> by_hand(const at::Tensor& scores, std::int64_t capacity, const at::Tensor& allowed) {
  std::int64_t N = scores.size(0), C = scores.size(1);
  auto score = [&](std::int64_t i, std::int64_t c) { return scores[i][c].item<double>(); };
  std::vector<std::vector<std::int64_t>> wishes(static_cast<std::size_t>(N)), pools(static_cast<std::size_t>(C));
  std::vector<std::int64_t> free, label(static_cast<std::size_t>(N), -1);
  for (std::int64_t i = 0; i < N; ++i) {
    auto& own = wishes[static_cast<std::size_t>(i)];
    for (std::int64_t c = 0; c < C; ++c)
      if (!allowed.defined() || allowed[i][c].item<bool>()) own.push_back(c);
    std::stable_sort(own.begin(), own.end(), [&](auto a, auto b) { return score(i, a) > score(i, b); });
    free.push_back(i);
  }
  while (!free.empty()) {
    std::int64_t image = free.back();
    free.pop_back();
    auto& own = wishes[static_cast<std::size_t>(image)];
    if (own.empty()) continue;
    std::int64_t c = own.front();
    own.erase(own.begin());
    auto& pool = pools[static_cast<std::size_t>(c)];
    pool.push_back(image);
    std::sort(pool.begin(), pool.end());
    std::stable_sort(pool.begin(), pool.end(), [&](auto a, auto b) { return score(a, c) > score(b, c); });
    if (static_cast<std::int64_t>(pool.size()) > capacity) {
      free.push_back(pool.back());
      pool.pop_back();
    }
  }
  for (std::size_t c = 0; c < pools.size(); ++c)
    for (std::int64_t image : pools[c]) label[static_cast<std::size_t>(image)] = static_cast<std::int64_t>(c);
  return label;
}

std::vector<std::int64_t> in_blocks(const at::Tensor& scores, std::int64_t capacity, DeferredMemory memory) {
  auto read = [&](std::int64_t first, std::int64_t count) { return scores.narrow(0, first, count); };
  at::Tensor label = deferred_acceptance(scores.size(0), scores.size(1), capacity, read, memory).label;
  return {label.const_data_ptr<std::int64_t>(), label.const_data_ptr<std::int64_t>() + label.numel()};
}

std::vector<std::int64_t> labels_of(const Placement& placement) {
  const auto* first = placement.label.const_data_ptr<std::int64_t>();
  return {first, first + placement.label.numel()};
}

// With ties; images agree about what they like in every second case.
at::Tensor some_scores(std::int64_t N, std::int64_t C, std::uint64_t seed) {
  at::Tensor scores = random_tensor({N, C}, seed);
  if (seed % 2) scores = scores + 2 * random_tensor({1, C}, seed + 500);
  return seed % 3 ? (scores * 3).round() : scores;
}

TEST(DeferredAcceptance, IsTheRuleWhateverIsRememberedAndReadAtOnce) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::int64_t N = 1 + static_cast<std::int64_t>(seed * 11 % 29), C = 1 + static_cast<std::int64_t>(seed % 6),
                 K = static_cast<std::int64_t>(seed % 5);
    at::Tensor scores = some_scores(N, C, seed);
    std::vector<std::int64_t> want = by_hand(scores, K, {});
    EXPECT_EQ(labels_of(deferred_acceptance(scores, K)), want) << seed;
    EXPECT_EQ(labels_of(deferred_acceptance(scores.to(at::kFloat), K)), by_hand(scores.to(at::kFloat), K, {})) << seed;
    for (std::int64_t block : {1, 4, 100})
      for (std::int64_t wishes : {1, 2, 3, 100})
        EXPECT_EQ(in_blocks(scores, K, {block, wishes}), want) << seed << ": " << block << ", " << wishes;
  }
}

TEST(DeferredAcceptance, PlacesOnlyWhereAllowed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    at::Tensor scores = some_scores(17, 5, seed), allowed = random_tensor({17, 5}, seed + 99) > 0;
    allowed[3].fill_(false);
    Placement placement = deferred_acceptance(scores, 2, allowed);
    EXPECT_EQ(labels_of(placement), by_hand(scores, 2, allowed)) << seed;
    EXPECT_EQ(placement.label[3].item<std::int64_t>(), -1);
    EXPECT_EQ(placement.score[3].item<double>(), 0);
  }
}

TEST(DeferredAcceptance, FillsEveryClassAndNoneBeyondItsCapacity) {
  constexpr std::int64_t C = 7;
  for (std::int64_t N : {20, 21, 35, 60}) {
    Placement placement = deferred_acceptance(some_scores(N, C, 5), 3);
    at::Tensor placed = placement.label.masked_select(placement.label >= 0), sizes = at::bincount(placed, {}, C);
    EXPECT_LE(sizes.max().item<std::int64_t>(), 3);
    EXPECT_EQ(placed.numel(), std::min(N, 3 * C)) << "all images, or all places";
  }
}

TEST(DeferredAcceptance, DoesNotDependOnTheOrderOfTheImages) {
  at::Tensor scores = random_tensor({50, 6}, 8), order = random_tensor({50}, 9).argsort();
  Placement placement = deferred_acceptance(scores, 8);
  Placement shuffled = deferred_acceptance(scores.index_select(0, order), 8);
  EXPECT_TRUE(at::equal(shuffled.label, placement.label.index_select(0, order)));
  EXPECT_TRUE(at::equal(shuffled.score, placement.score.index_select(0, order)));
}

TEST(DeferredAcceptance, ReadsBlocksAndNoMoreThanNeeded) {
  at::Tensor scores = random_tensor({100, 4}, 1);
  std::int64_t largest = 0, readings = 0;
  auto read = [&](std::int64_t first, std::int64_t count) {
    largest = std::max(largest, count);
    ++readings;
    return scores.narrow(0, first, count);
  };
  Placement placement = deferred_acceptance(100, 4, 25, read, {.block = 10, .wishes = 4});
  EXPECT_EQ(largest, 10);
  EXPECT_EQ(readings, 10) << "all classes of an image are remembered: once is enough";
  EXPECT_TRUE(at::equal(placement.label, deferred_acceptance(scores, 25).label));
}

// Images that want the same classes lose them one after the other: their rows are read again, the others' are not.
TEST(DeferredAcceptance, ReadsAtMostThreeTimesWhateverImagesShare) {
  constexpr std::int64_t N = 5000, C = 200;
  for (double shared : {0.0, 0.5, 0.9, 1.0}) {
    at::Tensor scores =
        shared * at::sigmoid(random_tensor({1, C}, 3)) + (1 - shared) * at::sigmoid(random_tensor({N, C}, 4));
    std::int64_t rows = 0;
    auto read = [&](std::int64_t first, std::int64_t count) {
      rows += count;
      return scores.narrow(0, first, count);
    };
    Placement placement = deferred_acceptance(N, C, N / C, read);
    EXPECT_LE(rows, 3 * N) << shared;
    EXPECT_TRUE(at::equal(placement.label, deferred_acceptance(N, C, N / C, read, {.wishes = C}).label)) << shared;
  }
}

TEST(DeferredAcceptance, OfNothingIsNothing) {
  EXPECT_EQ(deferred_acceptance(at::zeros({0, 3}), 2).label.numel(), 0);
  EXPECT_TRUE(at::equal(deferred_acceptance(at::zeros({2, 0}), 2).label, at::full({2}, -1, at::kLong)));
  EXPECT_TRUE(at::equal(deferred_acceptance(at::zeros({2, 3}), 0).label, at::full({2}, -1, at::kLong)));
}

TEST(DeferredAcceptance, RefusesWhatCannotBeRanked) {
  at::Tensor scores = random_tensor({5, 3}, 1);
  EXPECT_THROW(deferred_acceptance(scores, -1), UsageError);
  scores[4][2].fill_(NAN);
  try {
    deferred_acceptance(scores, 1);
    ADD_FAILURE() << "no error";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the score of image 4 for class 2 is NaN"));
  }
}

}  // namespace
}  // namespace winnow::method
