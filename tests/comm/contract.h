// What every Collective promises, whatever its implementation: the same calls for one process or several, on CPU or
// GPU.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "winnow/comm/collective.h"

namespace winnow::comm {

inline at::Tensor slice(const at::Tensor& rows, const Collective& gang) {
  Slice mine = slice_of(rows.size(0), gang.rank(), gang.size());
  return rows.narrow(0, mine.first, mine.size());
}

// Uneven and empty slices, several types and shapes.
inline void gathers_rows_in_order(Collective& gang, const at::TensorOptions& on) {
  for (auto type : {at::kFloat, at::kDouble, at::kLong, at::kByte})
    for (std::int64_t rows : {0, 1, 3, 8, 1001}) {
      at::Tensor all = at::arange(rows * 6, on.dtype(at::kLong)).remainder(251).to(type).view({rows, 2, 3});
      at::Tensor got = gang.gather_rows(slice(all, gang), rows);
      EXPECT_TRUE(at::equal(got, all)) << rows << " rows";
    }
}

// In rank order, so that the sum has the same bits everywhere and is what one process would get that adds in this
// order.
inline void sums_in_rank_order(Collective& gang, const at::TensorOptions& on) {
  for (std::int64_t count : {1, 5, 1 << 16}) {
    auto of_rank = [&](int rank) {
      return at::sin(at::arange(count, on.dtype(at::kFloat)) * (rank + 1.7)) * std::pow(10.0, rank);
    };
    at::Tensor want = of_rank(0);
    for (int rank = 1; rank < gang.size(); ++rank) want.add_(of_rank(rank));
    at::Tensor got = of_rank(gang.rank());
    gang.sum(got);
    if (on.device().is_cpu()) EXPECT_TRUE(at::equal(got, want)) << count;
    else EXPECT_TRUE(at::allclose(got, want)) << count;
  }
}

inline void broadcasts_the_first(Collective& gang, const at::TensorOptions& on) {
  at::Tensor value = at::full({3, 2}, gang.rank() + 0.5, on.dtype(at::kDouble));
  gang.broadcast(value);
  EXPECT_TRUE(at::equal(value, at::full({3, 2}, 0.5, on.dtype(at::kDouble))));
  EXPECT_EQ(agree(gang, gang.rank() == 0 ? std::string("a\0b", 3) : std::string("longer than that")),
            std::string("a\0b", 3));
  EXPECT_EQ(agree(gang, std::string()), "");
  EXPECT_EQ(agree(gang, gang.rank() == 0), true);
  EXPECT_EQ(agree(gang, gang.rank() != 0), false);
}

inline void keeps_its_contract(Collective& gang, const at::TensorOptions& on) {
  EXPECT_GE(gang.rank(), 0);
  EXPECT_LT(gang.rank(), gang.size());
  gathers_rows_in_order(gang, on);
  sums_in_rank_order(gang, on);
  broadcasts_the_first(gang, on);
}

}  // namespace winnow::comm
