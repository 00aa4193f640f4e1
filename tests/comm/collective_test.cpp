#include "winnow/comm/collective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace winnow::comm {
namespace {

TEST(Slice, CoversAllRowsOnceInOrder) {
  for (std::int64_t count : {0, 1, 3, 7, 100})
    for (int size : {1, 2, 4, 5}) {
      std::int64_t next = 0;
      for (int rank = 0; rank < size; ++rank) {
        Slice slice = slice_of(count, rank, size);
        EXPECT_EQ(slice.first, next);
        EXPECT_GE(slice.size(), 0);
        next = slice.last;
      }
      EXPECT_EQ(next, count);
    }
}

TEST(Alone, IsTheIdentity) {
  auto own = alone();
  at::Tensor x = at::arange(6).view({3, 2});
  EXPECT_TRUE(at::equal(own->gather_rows(x, 3), x));
  own->sum(x);
  own->broadcast(x);
  EXPECT_TRUE(at::equal(x, at::arange(6).view({3, 2})));
  EXPECT_EQ(own->size(), 1);
}

}  // namespace
}  // namespace winnow::comm
