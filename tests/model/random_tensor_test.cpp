#include "winnow/model/random_tensor.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace winnow::model {
namespace {

TEST(RandomTensor, TakesFromTheStreamInOrder) {
  Stream from = Streams(7, "test").at(0, 0), by_hand = Streams(7, "test").at(0, 0);
  at::Tensor first = normal({2, 3}, 1, 0.5, from), second = uniform({2}, 0.25, from);
  for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(first.flatten()[i].item<double>(), 1 + 0.5 * by_hand.normal());
  for (std::int64_t i = 0; i < 2; ++i) EXPECT_EQ(second[i].item<double>(), by_hand.uniform(-0.25, 0.25));
  EXPECT_EQ(from.bits(), by_hand.bits());
}

TEST(RandomTensor, EveryRowHasAStreamOfItsOwn) {
  Streams streams(7, "test");
  at::Tensor few = normal_rows(2, 5, 1, streams), more = normal_rows(4, 5, 1, streams);
  EXPECT_TRUE(at::equal(few, more.narrow(0, 0, 2)));
  EXPECT_TRUE(at::equal(more[3], normal({5}, 0, 1, streams.at(0, 3))));
  EXPECT_TRUE(at::equal(uniform_rows(4, 5, 2, streams)[3], uniform({5}, 2, streams.at(0, 3))));
  EXPECT_EQ(uniform_rows(3, 0, 1, streams).numel(), 0);
}

}  // namespace
}  // namespace winnow::model
