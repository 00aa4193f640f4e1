// Text towers in lower precision.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tiny_clip.h"
#include "winnow/core/error.h"
#include "winnow/model/text_tower.h"

namespace winnow::model {
namespace {

TEST(TextPrecision, RowsAreRoundedToItAndComeBackAsStated) {
  Snapshot snapshot = tiny_clip();
  auto whole = text_tower(snapshot, at::kFloat);
  at::Tensor tokens = at::arange(2 * 6, at::kLong).view({2, 6});
  at::Tensor expected = whole->rows(tokens).features();
  for (Precision precision : {Precision::bf16, Precision::fp16, Precision::fp16_pure}) {
    auto tower = text_tower(snapshot, at::kFloat, precision);
    if (precision == Precision::fp16_pure) tower->weights().become_fp16();
    at::Tensor own = tower->rows(tokens).features();
    at::ScalarType type = precision == Precision::bf16 ? at::kBFloat16 : at::kHalf;
    EXPECT_EQ(own.scalar_type(), at::kFloat);
    EXPECT_TRUE(own.to(type).to(at::kFloat).equal(own)) << "every number is one of that type";
    EXPECT_FALSE(own.equal(expected));
    EXPECT_LT((own - expected).abs().max().item<double>(), 0.03 * expected.abs().max().item<double>());
  }
  EXPECT_THROW(text_tower(snapshot, at::kDouble, Precision::bf16), InternalError);
}

}  // namespace
}  // namespace winnow::model
