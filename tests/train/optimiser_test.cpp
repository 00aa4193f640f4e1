#include "winnow/train/optimiser.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "../refusal.h"
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

TEST(Optimiser, BiasesMayGoWithoutDecay) {
  for (const char* rule : {"adam", "adamw", "sgd"})
    for (bool decayed : {true, false}) {
      model::Weights weights;
      std::vector<model::Parameter*> all;
      for (auto [name, role] : {std::pair("w", model::Role::matrix),
                                {"b", model::Role::bias},
                                {"scale", model::Role::norm},
                                {"shift", model::Role::norm_bias}})
        all.push_back(weights.add(name, at::full({1}, 2.0, at::kDouble), true, role));
      Optimiser optimiser(settings({{"train.optimizer", rule}, {"train.decay_biases", decayed}}), all);
      optimiser.zero();
      optimiser.step(0.01);
      for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(all[i]->value.item<double>() == 2.0, !decayed && i % 2 == 1) << rule << ' ' << all[i]->name;
      EXPECT_EQ(optimiser.parameters(), all) << "in the order that they came";
    }
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

TEST(Optimiser, ClipsTheNormOfAllGradientsTogether) {
  for (double clip : {0.0, 1.0, 100.0}) {
    model::Weights weights;
    model::Parameter *a = weights.add("a", at::zeros({2}, at::kDouble), true),
                     *b = weights.add("b", at::zeros({1}, at::kDouble), true);
    Optimiser optimiser(settings({{"train.optimizer", "sgd"}, {"train.weight_decay", 0.0}, {"train.clip", clip}}),
                        {a, b});
    optimiser.zero();
    optimiser.gradient(0).copy_(at::tensor({3.0, 4.0}, at::kDouble));
    optimiser.gradient(1).fill_(12);  // the norm is 13
    optimiser.step(1);
    double factor = clip == 1 ? 1 / (13 + 1e-6) : 1;
    EXPECT_NEAR(a->value[0].item<double>(), -3 * factor, 1e-12) << clip;
    EXPECT_NEAR(b->value[0].item<double>(), -12 * factor, 1e-12) << clip;
  }
}

// What a step of fp16 does to a weight of 1 with the gradient 2, given as the scaled loss's.
struct ScaledStep {
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::ones({1}), true);
  Optimiser optimiser;
  explicit ScaledStep(const std::string& name)
      : optimiser(settings({{"train.optimizer", name}, {"train.weight_decay", 0.5}, {"train.precision", "fp16"}}),
                  {w}) {}
  void step(double gradient) {
    optimiser.zero();
    optimiser.gradient(0).copy_(gradient * optimiser.loss_scale());
    optimiser.unscale();
    optimiser.step(0.1);
  }
  double scale() const { return optimiser.loss_scale().item<double>(); }
};

TEST(Optimiser, Fp16TakesTheScaleOffBeforeTheStep) {
  ScaledStep own("sgd");
  own.step(2);
  EXPECT_FLOAT_EQ(own.w->value.item<float>(), 1 - 0.1F * (2 + 0.5F));
  EXPECT_EQ(own.optimiser.gradient(0).item<double>(), 2);
}

TEST(Optimiser, Fp16LeavesEverythingWhereAGradientIsNotFinite) {
  for (const char* name : {"sgd", "adam", "adamw"}) {
    ScaledStep own(name), undisturbed(name);
    double before = own.scale();
    own.step(std::numeric_limits<double>::infinity());
    EXPECT_EQ(own.w->value.item<double>(), 1) << name << ": no decay either";
    EXPECT_EQ(own.scale(), before / 2);
    own.step(2);
    undisturbed.step(2);
    EXPECT_EQ(own.w->value.item<double>(), undisturbed.w->value.item<double>())
        << name << ": the first step that counts";
  }
}

TEST(Optimiser, OtherPrecisionsScaleNothing) {
  model::Weights weights;
  Optimiser optimiser(settings({{"train.optimizer", "sgd"}, {"train.precision", "bf16"}}),
                      {weights.add("w", at::ones({1}), true)});
  EXPECT_FALSE(optimiser.loss_scale().defined());
  optimiser.unscale();  // nothing to take off
  EXPECT_EQ(optimiser.state().count("loss_scale"), 0u);
}

// train.precision = fp16-pure: weights and momentum in fp16, a norm among them in fp32; no scale.
struct PureStep {
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::ones({1}), true, model::Role::matrix);
  model::Parameter* norm = weights.add("norm", at::ones({1}), true, model::Role::norm);
  Optimiser own;
  explicit PureStep(const std::string& name = "sgd", double momentum = 0)
      : own((weights.become_fp16(), settings({{"train.optimizer", name},
                                              {"train.momentum", momentum},
                                              {"train.weight_decay", 0.0},
                                              {"train.precision", "fp16-pure"}})),
            {w, norm}) {}
  void step(double gradient, double rate) {
    own.zero();
    for (std::size_t i : {0, 1}) own.gradient(i).fill_(gradient);
    own.unscale();
    own.step(rate);
  }
};

TEST(Optimiser, PureFp16LosesStepsBelowHalfAnUlp) {
  PureStep own;
  EXPECT_FALSE(own.own.loss_scale().defined());
  for (int i = 0; i < 10; ++i) own.step(1, 0.0002);  // the fp16 below 1 is 1 - 0.00049
  EXPECT_EQ(own.w->value.item<double>(), 1) << "that is what distinguishes it from fp32 masters";
  EXPECT_NEAR(own.norm->value.item<double>(), 1 - 0.002, 1e-6) << "a norm is fp32";
  own.step(1, 0.5);
  EXPECT_EQ(own.w->value.item<double>(), 0.5);
}

TEST(Optimiser, PureFp16RoundsGradientsAndMomentum) {
  PureStep own("sgd", 0.9);
  own.step(1 / 3.0, 1);
  auto state = own.own.state();
  EXPECT_EQ(state.at("first_moment/0/w").scalar_type(), at::kHalf);
  EXPECT_EQ(state.at("first_moment/1/norm").scalar_type(), at::kFloat);
  double third = at::full({1}, 1 / 3.0, at::kHalf).item<double>();
  EXPECT_EQ(state.at("first_moment/0/w").item<double>(), third);
  EXPECT_NEAR(own.w->value.item<double>(), 1 - third, 5e-4);
  EXPECT_EQ(own.own.flat().scalar_type(), at::kFloat) << "gangs and chunks sum in fp32";
}

// Of as many entries as vectorised kernels want: close to fp32's steps, with all that SGD can have.
TEST(Optimiser, PureFp16StepsAsFp32Does) {
  for (bool nesterov : {false, true})
    for (double momentum : {0.0, 0.9}) {
      if (nesterov && momentum == 0) continue;
      model::Weights half, whole;
      at::Tensor start = at::linspace(0.5, 1, 1003, at::kFloat);
      model::Parameter *h = half.add("w", start, true, model::Role::matrix),
                       *w = whole.add("w", start, true, model::Role::matrix);
      half.become_fp16();
      Settings own = settings({{"train.optimizer", "sgd"},
                               {"train.momentum", momentum},
                               {"train.nesterov", nesterov},
                               {"train.weight_decay", 0.1}});
      Optimiser a(own, {h}), b(own, {w});
      for (int i = 0; i < 5; ++i)
        for (Optimiser* each : {&a, &b}) {
          each->zero();
          each->gradient(0).copy_(at::linspace(-1, 1 + i, 1003, at::kFloat));
          each->step(0.01);
        }
      EXPECT_EQ(h->value.scalar_type(), at::kHalf);
      EXPECT_LT((h->value.to(at::kFloat) - w->value).abs().max().item<double>(), 3e-3) << momentum << nesterov;
      EXPECT_GT((w->value - start).abs().max().item<double>(), 0.05) << "they did move";
    }
}

TEST(Optimiser, PureFp16IsRefusedWhereSquaresVanish) {
  for (const char* name : {"adam", "adamw"})
    EXPECT_THAT(
        winnow::refusal([&] { PureStep{name}; }),
        testing::AllOf(testing::HasSubstr(std::string("train.optimizer = ") + name), testing::HasSubstr("take sgd")));
}

// A second optimiser has settings of its own where the method declares some, and train's else.
TEST(Optimiser, ReadsItsOwnTable) {
  Settings own = settings({{"train.optimizer", "sgd"},
                           {"generator.lr", 0.5},
                           {"generator.weight_decay", 0.0},
                           {"generator.schedule", "cosine"}});
  model::Weights weights;
  model::Parameter* w = weights.add("w", at::ones({1}, at::kDouble), true);
  Optimiser optimiser(own, {w}, "generator");
  optimiser.zero();
  optimiser.gradient(0).fill_(1);
  optimiser.step(1);
  EXPECT_EQ(w->value.item<double>(), 0) << "no weight decay, train's rule";
  EXPECT_EQ(learning_rate(own, "generator", {5, 10, 0, 1}), 0.25);
  EXPECT_EQ(learning_rate(own, "train", {5, 10, 0, 1}), 0.01);
  EXPECT_EQ(learning_rate(own, "other", {5, 10, 0, 1}), 0.01);
}

TEST(LearningRate, Schedules) {
  Settings own = settings({});
  auto rate = [&](std::int64_t epoch, std::int64_t iteration = 0) {
    return learning_rate(own, "train", {epoch, 10, iteration, 100});
  };
  EXPECT_EQ(rate(3, 30), 0.01);
  own.set("train.schedule", "cosine");
  EXPECT_EQ(rate(0), 0.01);
  EXPECT_NEAR(rate(1, 15), 0.01 * 0.97553, 1e-7);
  own.set("train.schedule", "cosine-step");
  EXPECT_NEAR(rate(0, 50), 0.005, 1e-12);
  own.set("train.lr_floor", 1e-3);  // ProMix: eta_min + (lr - eta_min) (1 + cos) / 2, eta_min = lr / 1000
  EXPECT_EQ(rate(0, 0), 0.01);
  EXPECT_NEAR(rate(0, 50), 1e-5 + (0.01 - 1e-5) / 2, 1e-12);
  own.set("train.schedule", "cosine");
  EXPECT_NEAR(rate(1), 1e-5 + (0.01 - 1e-5) * 0.97553, 1e-7);
  EXPECT_NEAR(rate(10), 1e-5, 1e-12);
  own.set("train.lr_floor", 0.0);
  EXPECT_EQ(rate(3), 0.01 / 2 * (1 + std::cos(std::numbers::pi * 0.3))) << "to the bit what it was";
  own.set("train.schedule", "coop");
  EXPECT_EQ(rate(0), 1e-5);
  EXPECT_EQ(rate(1), 0.01) << "the cosine begins an epoch late";
  EXPECT_NEAR(rate(6), 0.005, 1e-12);
  own.set("train.schedule", "grip");
  own.set("train.warmup", 4);
  EXPECT_EQ(rate(0), 0) << "the first epoch trains with nothing";
  EXPECT_NEAR(rate(1), 0.0025, 1e-12);
  EXPECT_EQ(rate(4), 0.01);
  EXPECT_NEAR(rate(7), 0.005, 1e-12);
  own.set("train.epochs", 20);
  EXPECT_EQ(rate(0), 0) << "no limit of steps";
  own.set("train.max_steps", 10000);
  EXPECT_EQ(rate(1), 0.005) << "half of the epochs, and of the rise";
  EXPECT_EQ(rate(2), 0.01);
  own.set("train.epochs", 50);
  EXPECT_EQ(rate(0), 0.01) << "a fifth of the epochs: no rise";
  own.set("train.max_steps", 0);
  own.set("train.schedule", "multi-step");
  own.set("train.milestones", Value{5, 7.5});
  own.set("train.gamma", 0.1);
  EXPECT_EQ(rate(4), 0.01);
  EXPECT_NEAR(rate(5), 0.001, 1e-12);
  EXPECT_NEAR(rate(8), 0.0001, 1e-12);
}

TEST(LearningRate, RefusesAnotherWordByTheKeyThatSaysIt) {
  Settings own = settings({{"generator.schedule", "cosin"}});
  EXPECT_THAT(refusal([&] { learning_rate(own, "generator", {}); }),
              testing::StartsWith("generator.schedule: unknown 'cosin' (did you mean 'cosine'?)"));
}

}  // namespace
}  // namespace winnow::train
