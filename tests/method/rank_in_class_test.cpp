#include "winnow/method/rank_in_class.h"

#include <gtest/gtest.h>

#include "recorded.h"

namespace winnow::method {
namespace {

TEST(RankInClass, CountsThoseOfTheClassThatComeBefore) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::int64_t N = static_cast<std::int64_t>(seed % 19), C = 1 + static_cast<std::int64_t>(seed % 5);
    at::Tensor keys = (random_tensor({N}, seed) * 3).round();  // with ties
    at::Tensor labels = random_tensor({N}, seed + 100, 0, static_cast<double>(C)).floor().to(at::kLong);
    for (Order order : {Order::rising, Order::falling}) {
      at::Tensor rank = rank_in_class(keys, labels, C, order);
      for (std::int64_t i = 0; i < N; ++i) {
        std::int64_t before = 0;
        for (std::int64_t j = 0; j < N; ++j) {
          double a = keys[j].item<double>(), b = keys[i].item<double>();
          bool first = order == Order::rising ? a < b : a > b;
          before += labels[j].equal(labels[i]) && (first || (a == b && j < i));
        }
        EXPECT_EQ(rank[i].item<std::int64_t>(), before) << seed << ", " << i;
      }
    }
  }
}

}  // namespace
}  // namespace winnow::method
