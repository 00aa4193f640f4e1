#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tiny_clip.h"
#include "winnow/model/image_tower.h"

namespace winnow::model {
namespace {

// Images of another size than the snapshot's: the position table is resized, and its gradient is a product with a fixed
// matrix. Compared with differences of the output.
TEST(VisionTransformer, GradientOfAResizedPositionTable) {
  Snapshot snapshot = tiny_clip();
  auto tower = image_tower(snapshot, {at::kDouble, FeatureKind::embedding});
  tower->train_everything();
  tower->weights().train_what_is_trainable();
  Parameter* positions = tower->weights().find("vision_model.embeddings.position_embedding.weight");
  ASSERT_NE(positions, nullptr);
  std::int64_t side = tower->image_size() + tower->image_size() / 2;
  at::Tensor pixels = at::linspace(-1, 1, 2 * 3 * side * side, at::kDouble).sin().view({2, 3, side, side});
  auto loss = [&] { return tower->rows(pixels).features().square().sum(); };
  at::Tensor gradient = torch::autograd::grad({loss()}, {positions->use})[0];
  constexpr double kStep = 1e-6;
  for (auto [row, column] : {std::pair{0, 0}, {1, 2}, {3, 1}, {4, 0}}) {
    at::NoGradGuard no_gradient;
    double at = positions->value[row][column].item<double>();
    auto moved = [&](double by) {
      positions->value[row][column] = at + by;
      return loss().item<double>();
    };
    double difference = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    moved(0);
    EXPECT_NEAR(gradient[row][column].item<double>(), difference, 1e-5 * std::max(1.0, std::abs(difference)))
        << row << ", " << column;
  }
}

}  // namespace
}  // namespace winnow::model
