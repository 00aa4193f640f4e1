// Numbers of many steps' batches that go to the device together: each step has its own.
#include "../../src/train/batch_numbers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"

namespace winnow::train {
namespace {

// Of 3 rows, the last one of 1.
std::vector<Batch> batches(std::int64_t count, bool given) {
  std::vector<Batch> all;
  for (std::int64_t step = 0; step < count; ++step) {
    std::int64_t rows = step + 1 == count ? 1 : 3;
    at::Tensor ids = at::arange(rows, at::kLong) + 10 * step;
    all.push_back({ids, given ? ids.remainder(7) : at::Tensor()});
  }
  return all;
}

void expect_own(BatchNumbers& numbers, const std::vector<Batch>& all, std::size_t step) {
  SCOPED_TRACE(step);
  BatchNumbers::OfStep own = numbers.of(step);
  EXPECT_TRUE(at::equal(own.ids.on_host(), all[step].ids));
  EXPECT_EQ(own.ids.on_device().device(), test_device());
  EXPECT_TRUE(at::equal(own.ids.on_device().cpu(), all[step].ids));
  EXPECT_EQ(own.given.size(), all[step].given.defined() ? own.ids.size() : 0);
  if (!all[step].given.defined()) return;
  EXPECT_TRUE(at::equal(own.given.on_host(), all[step].given));
  EXPECT_TRUE(at::equal(own.given.on_device().cpu(), all[step].given));
}

TEST(BatchNumbers, AreEachStepsOwn) {
  for (bool given : {false, true}) {
    std::vector<Batch> all = batches(150, given);
    BatchNumbers numbers(all, test_device());
    for (std::size_t step = 0; step < all.size(); ++step) expect_own(numbers, all, step);
    BatchNumbers resumed(all, test_device());  // in the middle; a trial goes to the last one from there
    for (std::size_t step : {70, 71, 149, 3, 4, 149}) expect_own(resumed, all, step);
  }
}

}  // namespace
}  // namespace winnow::train
