#include "winnow/comm/collective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract.h"
#include "joined_gang.h"

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

TEST(Alone, KeepsTheContract) {
  auto own = alone();
  EXPECT_EQ(own->size(), 1);
  keeps_its_contract(*own, at::TensorOptions(at::kCPU));
}

// Under mpirun these are its processes; else one.
TEST(Gang, KeepsTheContract) { keeps_its_contract(gang(), at::TensorOptions(at::kCPU)); }

}  // namespace
}  // namespace winnow::comm
