#include "winnow/method/ids.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "../test_device.h"
#include "winnow/device/transfer.h"

namespace winnow::method {
namespace {

void expect(const Ids& ids, const std::vector<std::int64_t>& wanted) {
  at::Tensor numbers = at::tensor(wanted, at::kLong);
  EXPECT_EQ(ids.size(), static_cast<std::int64_t>(wanted.size()));
  EXPECT_TRUE(ids.on_host().is_cpu());
  EXPECT_EQ(ids.on_device().device(), test_device());
  EXPECT_TRUE(at::equal(ids.on_host(), numbers));
  EXPECT_TRUE(at::equal(device::to_host(ids.on_device()), numbers));
}

TEST(Ids, AreTheSameOnBothSides) {
  Ids ids(at::tensor({5, 3, 8, 1}, at::kLong), test_device());
  expect(ids, {5, 3, 8, 1});
  expect(ids.narrow(1, 3), {3, 8});
  expect(ids.select(Ids(at::tensor({3, 0, 0}, at::kLong), test_device())), {1, 5, 5});
  expect(Ids::range(2, 5, test_device()), {2, 3, 4});
}

TEST(Ids, MayBeNone) {
  EXPECT_EQ(Ids().size(), 0);
  expect(Ids::range(4, 4, test_device()), {});
  expect(Ids(at::tensor({5, 3}, at::kLong), test_device()).narrow(1, 1), {});
}

TEST(Ids, AreWhereAMaskIsSet) {
  at::Tensor mask = device::to_device(at::tensor({0, 1, 1, 0, 1}, at::kByte).to(at::kBool), test_device());
  expect(Ids::where(mask), {1, 2, 4});
  expect(Ids::where(mask.logical_and(mask.logical_not())), {});
}

}  // namespace
}  // namespace winnow::method
