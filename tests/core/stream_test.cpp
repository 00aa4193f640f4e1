#include "winnow/core/stream.h"

#include <gtest/gtest.h>

#include <set>

namespace winnow {
namespace {

// Known-answer vectors of Random123 (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Stream, IsAFunctionOfItsCoordinates) {
  Streams streams(7, "order");
  EXPECT_EQ(streams.at(3, 5).bits(), Streams(7, "order").at(3, 5).bits());
  std::set<std::uint64_t> all;
  for (std::uint32_t epoch = 0; epoch < 4; ++epoch)
    for (std::uint32_t item = 0; item < 4; ++item) all.insert(streams.at(epoch, item).bits());
  all.insert(Streams(8, "order").at(0, 0).bits());
  all.insert(Streams(7, "labels").at(0, 0).bits());
  all.insert(Streams(7, "order", 1).at(0, 0).bits());
  EXPECT_EQ(all.size(), 19u);
}

TEST(Stream, UniformStaysInsideItsInterval) {
  Stream stream = Streams(0, "test").at(0, 0);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(Stream, BelowReachesEveryValueEvenly) {
  Stream stream = Streams(0, "test").at(0, 1);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[stream.below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(Stream, PermutationIsOne) {
  auto order = Streams(1, "order").at(0, 0).permutation(100);
  std::set<std::int64_t> seen(order.begin(), order.end());
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_EQ(*seen.rbegin(), 99);
  EXPECT_TRUE(Streams(1, "order").at(0, 0).permutation(0).empty());
}

TEST(Stream, MomentsOfNormalAndBeta) {
  Stream stream = Streams(2, "test").at(0, 0);
  double sum = 0, squares = 0, beta = 0;
  for (int i = 0; i < 20000; ++i) {
    double x = stream.normal();
    sum += x, squares += x * x, beta += stream.beta(4, 4);
  }
  EXPECT_NEAR(sum / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.05);
  EXPECT_NEAR(beta / 20000, 0.5, 0.01);
}

}  // namespace
}  // namespace winnow
