// Who owns the memory of a parameter.
#include "winnow/model/weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace winnow::model
