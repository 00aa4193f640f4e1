#include "winnow/label/scored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace winnow::label {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

// docs/methods/partial-labels.md#10: row 0 of z_w, y = 0.
TEST(InstanceCandidates, HaveTheSpecificationsProbabilities) {
  std::vector<std::int64_t> truth = {0};
  std::vector<double> scores = {2, 1, 0, -1};
  EXPECT_THAT(instance_probabilities(truth, 4, scores, 0.1),
              Pointwise(DoubleNear(1e-6), std::vector<double>{0, .266096, .097891, .036012}));
  EXPECT_THAT(instance_probabilities(truth, 4, scores, 0.4),
              Pointwise(DoubleNear(1e-6), std::vector<double>{0, 1, .391566, .144049}));
}

TEST(InstanceCandidates, ExtremeScoresAreProbabilitiesStill) {
  std::vector<std::int64_t> truth = {0, 1};
  std::vector<double> scores = {2000, -2000, -2001, -1000, 2000, -2000};
  std::vector<double> p = instance_probabilities(truth, 3, scores, 0.2);
  EXPECT_THAT(p, Pointwise(DoubleNear(1e-6), std::vector<double>{0, .438635, .161365, .6, 0, 0}));
}

TEST(InstanceCandidates, HoldTheTruthAndFollowTheProbabilities) {
  constexpr std::int64_t N = 4000, C = 5;
  std::vector<std::int64_t> truth;
  std::vector<double> scores;
  for (std::int64_t i = 0; i < N; ++i) {
    truth.push_back(i % C);
    for (std::int64_t c = 0; c < C; ++c) scores.push_back(static_cast<double>((i + c) % C));
  }
  std::vector<double> p = instance_probabilities(truth, C, scores, 0.3);
  Candidates sets = instance_candidates(truth, C, p, 7u);
  double sum = 0, want = std::accumulate(p.begin(), p.end(), 0.0);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_EQ(sets.row(i)[truth[i]], 1);
  for (std::uint8_t entry : sets.mask) sum += entry;
  EXPECT_NEAR(sum - N, want, 4 * std::sqrt(want)) << "binomial";
  EXPECT_EQ(instance_candidates(truth, C, p, 7u).mask, sets.mask);
  EXPECT_NE(instance_candidates(truth, C, p, 8u).mask, sets.mask);
  std::span<const std::int64_t> half(truth.data(), N / 2);
  Candidates part = instance_candidates(half, C, std::span<const double>(p).first(N / 2 * C), 7u);
  EXPECT_TRUE(std::equal(part.mask.begin(), part.mask.end(), sets.mask.begin()))
      << "a set depends on its own sample alone";
}

TEST(Narrow, KeepsTheLargestScoresAndDropsEmptySets) {
  Candidates sets{3, 4, {1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}};
  std::vector<double> scores = {4, 1, 3, 2, 9, 8, 1, 2, 5, 5, 5, 5};
  std::vector<std::int64_t> truth = {1, 2, 3};
  Narrowed narrowed = narrow(sets, scores, 0.5, truth);
  EXPECT_THAT(narrowed.kept, ElementsAre(0, 2));
  EXPECT_THAT(narrowed.sets.mask, ElementsAre(1, 0, 0, 0, 1, 1, 0, 0)) << "ties: the lower class";
  EXPECT_EQ(narrowed.sets.samples, 2);
  EXPECT_DOUBLE_EQ(narrowed.report.size_before, 8. / 3);
  EXPECT_DOUBLE_EQ(narrowed.report.size_after, 1);
  EXPECT_DOUBLE_EQ(narrowed.report.empty, 1. / 3);
  EXPECT_DOUBLE_EQ(narrowed.report.covering_before, 1);
  EXPECT_DOUBLE_EQ(narrowed.report.covering_after, 0);
  EXPECT_DOUBLE_EQ(narrowed.report.size_kept, 1.5);
  EXPECT_DOUBLE_EQ(narrowed.report.covering_kept, 0);
}

TEST(Narrow, WithEverythingKeptNothingChanges) {
  Candidates sets{2, 3, {1, 0, 1, 0, 1, 0}};
  std::vector<double> scores = {1, 2, 3, 3, 2, 1};
  std::vector<std::int64_t> truth = {0, 1};
  Narrowed narrowed = narrow(sets, scores, 1, truth);
  EXPECT_EQ(narrowed.sets.mask, sets.mask);
  EXPECT_EQ(narrowed.report.covering_kept, 1);
}

TEST(Narrow, OfNoRowsIsNothing) {
  Narrowed narrowed = narrow({0, 3, {}}, {}, 0.5, {});
  EXPECT_TRUE(narrowed.kept.empty());
  EXPECT_EQ(narrowed.report.size_before, 0);
}

}  // namespace
}  // namespace winnow::label
