#include "winnow/label/noise.h"

#include <gtest/gtest.h>

#include "labelled.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"

namespace winnow::label {
namespace {

TEST(Marks, FloorAndCeilingAreOfTheDoublePrecisionProduct) {
  Labels truth = balanced_truth(50, 10);
  std::vector<std::int64_t> order(50);
  std::iota(order.begin(), order.end(), 0);
  auto marked = [&](double rate, Count count) {
    return sum_of(mark(truth, 10, order, {.kind = Kind::symmetric, .rate = rate, .count = count}));
  };
  EXPECT_EQ(marked(0.58, Count::floor), 28) << "0.58 * 50 is a little less than 29";
  EXPECT_EQ(marked(0.58, Count::ceil), 29);
  EXPECT_EQ(marked(0.5, Count::ceil), 25);
  EXPECT_EQ(marked(0.5, Count::class_floor), 20) << "2 of 5 in each of 10 classes";
  EXPECT_EQ(marked(0.5, Count::class_ceil), 30);
  EXPECT_EQ(marked(0, Count::class_ceil), 0);
  EXPECT_EQ(marked(1, Count::ceil), 50);
}

TEST(Marks, AreTheFirstOfTheOrder) {
  Labels truth = {0, 0, 0, 0, 1, 1};
  std::vector<std::int64_t> order = {5, 3, 1, 4, 0, 2};
  EXPECT_EQ(mark(truth, 2, order, {.kind = Kind::symmetric, .rate = 0.5}), (Marks{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(mark(truth, 2, order, {.kind = Kind::symmetric, .rate = 0.5, .count = Count::class_ceil}),
            (Marks{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(mark(truth, 2, order, {.kind = Kind::symmetric, .rate = 1, .balanced = true}), (Marks{1, 1, 0, 1, 1, 1}))
      << "3 of each, and a class with fewer whole";
}

TEST(ClassAt, IsTheFirstWhoseSumExceedsTheDraw) {
  std::vector<double> weights = {0, 1, 3, 0};
  EXPECT_EQ(class_at(weights, 0), 1);
  EXPECT_EQ(class_at(weights, 0.25), 2);
  EXPECT_EQ(class_at(weights, 1 - 1e-17), 2) << "never a class without a weight";
}

TEST(Pairflip, MarkedSamplesGoToTheNextClass) {
  Labels truth = balanced_truth(1000, 7);
  Spec spec{.kind = Kind::pairflip, .rate = 0.45, .seed = 3};
  Marks marked;
  Labels given = pairflip(truth, 7, spec, draw_pairflip(1000, spec), &marked);
  EXPECT_EQ(sum_of(marked), 450);
  for (std::size_t i = 0; i < truth.size(); ++i) EXPECT_EQ(given[i], marked[i] ? (truth[i] + 1) % 7 : truth[i]);
  EXPECT_EQ(noisy_labels(truth, 7, spec), given);
}

// Identities name these labels: who changes a draw raises the version of the shared code's part `labels`.
TEST(NoisyLabels, DrawsDoNotMove) {
  Labels truth = balanced_truth(200, 10);
  std::string all;
  for (Spec spec : {Spec{.kind = Kind::symmetric}, Spec{.kind = Kind::symmetric, .include_true = false},
                    Spec{.kind = Kind::symmetric, .include_true = false, .balanced = true}}) {
    spec.rate = 0.4;
    spec.seed = 1;
    for (std::int64_t label : noisy_labels(truth, 10, spec)) all += std::to_string(label);
  }
  EXPECT_EQ(hash_of(all).hex(), "6d3d23293cac154c21913d509bcfcdb7");
}

// Realisations of any kind hit their rate: over many seeds within three standard errors of all their samples together.
TEST(NoisyLabels, HitTheirEffectiveRate) {
  constexpr std::int64_t N = 4'000;
  constexpr std::uint64_t kSeeds = 20;
  for (std::int64_t C : {10, 100})
    for (double rate : {0.2, 0.6}) {
      Labels truth = balanced_truth(N, C);
      auto expect = [&](Spec spec, double want, double flips) {
        double share = 0;
        for (spec.rate = rate, spec.seed = 0; spec.seed < kSeeds; ++spec.seed)
          share += share_wrong(truth, noisy_labels(truth, C, spec)) / kSeeds;
        EXPECT_NEAR(share, want, three_errors(flips, N * kSeeds) + 1.0 / N)
            << "kind " << static_cast<int>(spec.kind) << ", " << C << " classes, rate " << rate;
      };
      auto classes = static_cast<double>(C);
      expect({.kind = Kind::symmetric}, rate * (classes - 1) / classes, rate / classes);
      expect({.kind = Kind::symmetric, .include_true = false}, rate, 0);
      expect({.kind = Kind::symmetric, .balanced = true}, rate * (classes - 1) / classes, rate / classes);
      expect({.kind = Kind::pairflip}, rate, 0);
      expect({.kind = Kind::structured, .target = Target::next}, rate / 2, rate / 2);
      expect({.kind = Kind::asymmetric, .map = Map::blocks}, rate, rate);
      expect({.kind = Kind::asymmetric, .map = Map::block_pairs}, rate * 2 / 5, rate * 2 / 5);
      if (C == 10) expect({.kind = Kind::asymmetric, .map = Map::cifar10}, rate / 2, rate / 2);
    }
}

TEST(NoisyLabels, OneClassAndKindsWithoutNoiseAreRefused) {
  Labels truth(10, 0);
  for (Kind kind : {Kind::symmetric, Kind::asymmetric, Kind::pairflip, Kind::structured, Kind::instance})
    EXPECT_THROW(noisy_labels(truth, 1, {.kind = kind, .rate = 0.5}), UsageError);
  EXPECT_THROW(noisy_labels(truth, 2, {.kind = Kind::instance, .rate = 0.5}), InternalError);
}

}  // namespace
}  // namespace winnow::label
