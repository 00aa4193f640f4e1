// What the paper says of DeFT's losses (docs/methods/noisy-labels.md#12).
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "recorded.h"
#include "winnow/method/registry.h"

namespace winnow::method {
namespace {

constexpr std::int64_t kBatch = 6, kClasses = 4, kWidth = 5;

struct DualPrompts : testing::Test {
  Settings settings{{{"warmup_epochs", 1},
                     {"label_epochs", 1},
                     {"positive_weight", 1.0},
                     {"noise_source", "synthetic"},
                     {"consistency", "clean-probability"},
                     {"dp_grad", "neg-only"},
                     {"scale", 10.0},
                     {"epoch", 3}}};
  Tensors in{{"features", random_tensor({kBatch, kWidth}, 1).requires_grad_(true)},
             {"positive", random_tensor({kClasses, kWidth}, 2).requires_grad_(true)},
             {"negative", random_tensor({kClasses, kWidth}, 3).requires_grad_(true)},
             {"given", at::tensor({0, 1, 2, 3, 0, 1}, at::kLong)},
             {"complement", at::tensor({1, 2, 3, 0, 2, 3}, at::kLong)}};

  Tensors loss() const { return find_method("dual-prompts").loss(settings, in); }
  // Of the loss on clean probabilities, by input; zeros where it does not reach one.
  double gradient(const std::string& name) const {
    auto all = torch::autograd::grad({loss().at("dp")}, {in.at(name)}, {}, false, false, /*allow_unused=*/true);
    return all[0].defined() ? all[0].abs().max().item<double>() : 0;
  }
};

TEST_F(DualPrompts, TheLossOnCleanProbabilitiesTrainsTheNegativePromptAlone) {
  EXPECT_EQ(gradient("positive"), 0);
  EXPECT_EQ(gradient("features"), 0);
  EXPECT_GT(gradient("negative"), 0);
  settings.set("dp_grad", "both");
  EXPECT_GT(gradient("positive"), 0);
  EXPECT_EQ(gradient("features"), 0) << "the image stays detached";
}

TEST_F(DualPrompts, EqualPromptsSayNothing) {
  in["negative"] = in.at("positive").detach().clone().requires_grad_(true);
  Tensors out = loss();
  EXPECT_TRUE(at::allclose(out.at("score"), at::full({kBatch}, 0.5, at::kDouble)));
  EXPECT_FALSE(out.at("mask").any().item<bool>()) << "the comparison is strict";
  EXPECT_EQ(out.at("sim").item<double>(), 0) << "nothing is selected: no NaN";
  EXPECT_NEAR(out.at("dp").item<double>(), 2 * std::log(2), 1e-12);
}

}  // namespace
}  // namespace winnow::method
