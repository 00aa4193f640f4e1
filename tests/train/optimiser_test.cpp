#include "winnow/train/optimiser.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "winnow/core/error.h"
#include "winnow/train/schedule.h"

namespace winnow::train {
namespace {

Settings settings(std::map<std::string, Value> own) {
  own.insert({{"train.lr", 0.01},
              {"train.weight_decay", 0.1},
              {"train.betas", {0.9, 0.99}},
              {"train.eps", 1e-8},
              {"train.momentum", 0.9},
              {"train.nesterov", false},
              {"train.schedule", "constant"}});
  return Settings(own);
}

// Runs ten steps on the gradient g = 2 w + step and compares with the textbook rule, element by element.
template <class Rule>
void expect_rule(const std::string& name, bool nesterov, Rule rule) {
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::tensor({1.0, -2.0, 0.5}, at::kDouble), true);
  Optimiser optimiser(settings({{"train.optimizer", name}, {"train.nesterov", nesterov}}), {w});
  double x[3] = {1.0, -2.0, 0.5}, m[3] = {}, v[3] = {};
  for (int step = 1; step <= 10; ++step) {
    optimiser.zero();
    optimiser.gradient(0).add_(2 * w->value + step);
    optimiser.step(0.01);
    for (int i = 0; i < 3; ++i) rule(x[i], m[i], v[i], 2 * x[i] + step, step);
    for (int i = 0; i < 3; ++i) ASSERT_NEAR(w->value[i].item<double>(), x[i], 1e-10) << name << " step " << step;
  }
}

TEST(Optimiser, AdamHasCoupledWeightDecay) {
  expect_rule("adam", false, [](double& x, double& m, double& v, double g, int t) {
    g += 0.1 * x;
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    x -= 0.01 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.99, t))) + 1e-8);
  });
}

TEST(Optimiser, AdamWDecaysTheWeightItself) {
  expect_rule("adamw", false, [](double& x, double& m, double& v, double g, int t) {
    x *= 1 - 0.01 * 0.1;
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    x -= 0.01 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.99, t))) + 1e-8);
  });
}

TEST(Optimiser, SgdStartsItsBufferAtTheFirstGradient) {
  for (bool nesterov : {false, true})
    expect_rule("sgd", nesterov, [nesterov](double& x, double& m, double&, double g, int t) {
      g += 0.1 * x;
      m = t == 1 ? g : 0.9 * m + g;
      x -= 0.01 * (nesterov ? g + 0.9 * m : m);
    });
}

TEST(Optimiser, RefusesUnknownNames) {
  EXPECT_THROW(Optimiser(settings({{"train.optimizer", "lion"}}), {}), UsageError);
}

TEST(LearningRate, Schedules) {
  Settings own = settings({});
  EXPECT_EQ(learning_rate(own, 3, 10, 30, 100), 0.01);
  own.set("train.schedule", "cosine");
  EXPECT_EQ(learning_rate(own, 0, 10, 0, 100), 0.01);
  EXPECT_NEAR(learning_rate(own, 1, 10, 15, 100), 0.01 * 0.97553, 1e-7);
  own.set("train.schedule", "cosine-step");
  EXPECT_NEAR(learning_rate(own, 0, 10, 50, 100), 0.005, 1e-12);
  own.set("train.schedule", "linear");
  EXPECT_THROW(learning_rate(own, 0, 1, 0, 1), UsageError);
}

}  // namespace
}  // namespace winnow::train
