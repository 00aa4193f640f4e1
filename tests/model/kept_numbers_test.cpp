#include "kept_numbers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"

namespace winnow::model {
namespace {

const MaskStreams kStreams{7, "dropout.3", 0x1234567890};

// Counts that fill no block of four, rows that begin anywhere, probabilities at both ends.
TEST(KeptNumbers, AreTheSameByTensorsAsByTheHost) {
  for (std::int64_t first : {0, 5, 4000000})
    for (std::int64_t rows : {1, 3})
      for (std::int64_t numbers : {1, 4, 1023})
        for (double dropped : {0.0, 0.3, 0.5, 0.999999}) {
          at::Tensor there = kept_by_tensors(kStreams, first, rows, numbers, dropped, test_device());
          EXPECT_EQ(there.device(), test_device());
          EXPECT_TRUE(at::equal(there.cpu(), kept_by_host(kStreams, first, rows, numbers, dropped)))
              << first << " " << rows << " " << numbers << " " << dropped;
        }
}

TEST(KeptNumbers, OfManyAreThoseOfFew) {
  at::Tensor many = kept_numbers(kStreams, 0, 3, 100000, 0.3, test_device());
  at::Tensor few = kept_numbers(kStreams, 2, 1, 1000, 0.3, test_device());
  EXPECT_EQ(many.device(), test_device());
  EXPECT_TRUE(at::equal(many.narrow(0, 2, 1).narrow(1, 0, 1000).cpu(), few.cpu()));
  EXPECT_NEAR(many.cpu().to(at::kDouble).mean().item<double>(), 0.7, 0.01);
  EXPECT_FALSE(at::equal(many[0].cpu(), many[1].cpu()));
}

TEST(KeptNumbers, OfNoRows) {
  EXPECT_EQ(kept_numbers(kStreams, 0, 0, 12, 0.3, test_device()).sizes(), (at::IntArrayRef{0, 12}));
  EXPECT_EQ(kept_by_tensors(kStreams, 0, 0, 12, 0.3, test_device()).sizes(), (at::IntArrayRef{0, 12}));
}

}  // namespace
}  // namespace winnow::model
