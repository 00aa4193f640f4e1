// Who owns the memory of a parameter.
#include "winnow/model/weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"

namespace winnow::model {
namespace {

TEST(Weights, CopyWhatSomebodyElseHolds) {
  Weights weights;
  at::Tensor held = at::ones({3, 4}), base = at::ones({6, 4});
  EXPECT_NE(weights.add("held", held, true)->value.data_ptr(), held.data_ptr());
  EXPECT_NE(weights.add("a view", base.narrow(0, 0, 3), true)->value.data_ptr(), base.data_ptr());
  std::vector<float> mapped(12, 1);
  at::Tensor file = at::from_blob(mapped.data(), {3, 4});
  EXPECT_NE(weights.add("a file", file.to(at::kFloat), false)->value.data_ptr(), static_cast<void*>(mapped.data()))
      << "nothing was converted, so nothing copied";
  EXPECT_EQ(weights.find("a view")->value.storage().nbytes(), 12 * sizeof(float));
}

TEST(Weights, TakeOverWhatWasMadeForThem) {
  Weights weights;
  at::Tensor made = at::ones({3, 4});
  void* memory = made.data_ptr();
  EXPECT_EQ(weights.add("made", std::move(made), true)->value.data_ptr(), memory);
  at::Tensor part = at::ones({6, 4}).narrow(0, 0, 3);  // of a larger tensor that is gone
  memory = part.data_ptr();
  EXPECT_NE(weights.add("part", std::move(part), true)->value.data_ptr(), memory);
}

// As OpenAI's CLIP is converted: its LayerNorms and embeddings stay in fp32.
TEST(Weights, BecomeFp16ByRole) {
  Weights weights;
  Parameter* matrix = weights.add("matrix", at::full({2}, 1 / 3.0, at::kFloat), true, Role::matrix);
  Parameter* prompt = weights.add("prompt", at::ones({2}), true);
  Parameter* norm = weights.add("norm", at::full({2}, 1 / 3.0, at::kFloat), true, Role::norm);
  Parameter* table = weights.add("positions", at::full({2}, 1 / 3.0, at::kFloat), true, Role::embedding);
  Parameter* chosen = weights.add("chosen", at::zeros({2}, at::kLong), false, Role::statistics);
  weights.become_fp16();
  EXPECT_EQ(matrix->value.scalar_type(), at::kHalf);
  EXPECT_EQ(prompt->value.scalar_type(), at::kHalf);
  EXPECT_EQ(norm->value.scalar_type(), at::kFloat);
  EXPECT_TRUE(norm->wide);
  EXPECT_FALSE(matrix->wide);
  EXPECT_EQ(table->value.scalar_type(), at::kFloat) << "stored whole";
  EXPECT_EQ(table->use.scalar_type(), at::kHalf) << "and computed with in fp16";
  EXPECT_EQ(chosen->value.scalar_type(), at::kLong);

  weights.train_what_is_trainable();
  EXPECT_TRUE(table->use.is_leaf() && table->use.requires_grad()) << "what its gradient is taken at";
  table->value.fill_(2);
  weights.renew();
  EXPECT_EQ(table->use.detach()[0].item<double>(), 2) << "follows the stored value";
  EXPECT_THROW(weights.become_fp16(), InternalError) << "an optimiser has them";
}

TEST(Weights, CopiesOfFp16OnesFollowInEveryType) {
  Weights from, to;
  for (Weights* weights : {&from, &to}) {
    weights->add("positions", at::full({2}, weights == &from ? 3 : 1, at::kFloat), false, Role::embedding);
    weights->become_fp16();
  }
  to.copy_from(from);
  EXPECT_EQ(to.find("positions")->use[0].item<double>(), 3);
}

}  // namespace
}  // namespace winnow::model
