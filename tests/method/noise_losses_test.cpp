// What the papers say of losses for noisy labels (docs/methods/noisy-labels.md#12).
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "recorded.h"
#include "winnow/method/registry.h"

namespace winnow::method {
namespace {

constexpr std::int64_t kRows = 7, kClasses = 5;

Tensor given() { return at::tensor({0, 1, 2, 3, 4, 0, 2}, at::kLong); }
Tensor each(const char* method, const Settings& settings, const Tensor& logits) {
  return find_method(method).loss(settings, {{"logits", logits}, {"given", given()}}).at("each");
}
Tensor at_given(const Tensor& logits) { return at::softmax(logits, 1).gather(1, given().unsqueeze(1)).squeeze(1); }

// -log 1e-4 (1 - p_y), where no probability meets its own clamp.
TEST(NoiseLosses, ReverseCrossEntropyIsLinearInTheProbability) {
  Tensor logits = random_tensor({kRows, kClasses}, 1);
  Settings reverse({{"alpha", 0.0}, {"beta", 1.0}});
  EXPECT_TRUE(at::allclose(each("sce", reverse, logits), 9.210340371976182 * (1 - at_given(logits)), 1e-9, 1e-12));
}

TEST(NoiseLosses, GceGoesFromCrossEntropyToTheAbsoluteError) {
  Tensor logits = random_tensor({kRows, kClasses}, 2), p = at_given(logits);
  auto gce = [&](double q) { return each("gce", Settings({{"q", q}, {"truncate", 0.0}}), logits); };
  EXPECT_TRUE(at::allclose(gce(1e-6), -p.log(), 1e-4, 1e-6));
  EXPECT_TRUE(at::allclose(gce(1), 1 - p, 1e-12, 1e-12));
  Tensor truncated = each("gce", Settings({{"q", 0.7}, {"truncate", 0.5}}), logits);
  double most = (1 - std::pow(0.5, 0.7)) / 0.7;
  EXPECT_TRUE(
      at::allclose(truncated, at::where(p <= 0.5, at::full_like(p, most), (1 - p.pow(0.7)) / 0.7), 1e-9, 1e-12));
}

// The memory moves first and is a constant of the loss: differences are taken with it held where it went.
TEST(NoiseLosses, ElrsGradientIsThatOfDifferences) {
  constexpr double kBeta = 0.7, kLambda = 3, kStep = 1e-6;
  Settings settings({{"beta", kBeta}, {"lambda", kLambda}});
  Tensor start = random_tensor({kRows, kClasses}, 3), memory = at::softmax(random_tensor({kRows, kClasses}, 4), 1);
  Tensor index = at::arange(kRows, at::kLong), logits = start.clone().requires_grad_(true);
  Tensors out =
      find_method("elr").loss(settings, {{"logits", logits}, {"given", given()}, {"memory", memory}, {"index", index}});
  Tensor gradient = torch::autograd::grad({out.at("loss")}, {logits})[0], moved = out.at("memory").detach();
  auto loss = [&](const Tensor& at) {
    Tensor p = at::softmax(at, 1).clamp(1e-4, 1 - 1e-4);
    return (-at_given(at).log() + kLambda * (1 - (moved * p).sum(1)).log()).mean().item<double>();
  };
  for (std::int64_t i = 0; i < kRows; ++i)
    for (std::int64_t c = 0; c < kClasses; ++c) {
      Tensor up = start.clone(), down = start.clone();
      up[i][c] += kStep;
      down[i][c] -= kStep;
      EXPECT_NEAR(gradient[i][c].item<double>(), (loss(up) - loss(down)) / (2 * kStep), 1e-7) << i << ", " << c;
    }
}

}  // namespace
}  // namespace winnow::method
