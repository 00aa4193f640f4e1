#include "winnow/comm/collective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract.h"
#include "joined_gang.h"
#include "winnow/core/error.h"

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

TEST(Slice, OfNoProcessIsRefused) {
  EXPECT_THROW(slice_of(4, 2, 2), InternalError);
  EXPECT_THROW(slice_of(4, -1, 2), InternalError);
  EXPECT_THROW(slice_of(-1, 0, 2), InternalError);
}

TEST(Alone, KeepsTheContract) {
  auto own = alone();
  EXPECT_EQ(own->size(), 1);
  keeps_its_contract(*own, at::TensorOptions(at::kCPU));
}

// Under mpirun these are its processes; else one, which refuses the same.
TEST(Gang, KeepsTheContract) { keeps_its_contract(gang(), at::TensorOptions(at::kCPU)); }

TEST(Gang, RefusesWhatItCannotCarryBeforeAnythingIsSent) {
  at::Tensor columns = at::zeros({3, 2}).t();
  EXPECT_THROW(gang().gather_rows(at::zeros({5}), 4), InternalError);
  EXPECT_THROW(gang().gather_rows(at::zeros({}), 1), InternalError);
  EXPECT_THROW(gang().sum(columns), InternalError);
  EXPECT_THROW(gang().broadcast(columns), InternalError);
}

}  // namespace
}  // namespace winnow::comm
