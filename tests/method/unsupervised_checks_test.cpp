// What an implementation of the methods without labels should pass, by its number in docs/methods/unsupervised.md#10:
// here what is said of losses and of runs on recorded rows, in fp64. The others, where they are:
//
//  - 4, 8, 10, 12, of whole stages: tests/train/coft_variants_test.cpp, tests/train/unsupervised_test.cpp
//  - 5, selections against brute force: top_k_test.cpp, deferred_acceptance_test.cpp
//  - 6, an ensemble of one template: tests/train/class_texts_test.cpp
//  - 7 and 8, cropped texts, prompts of towers: tests/model/clip_test.cpp, tests/model/adaptation_test.cpp
//  - 9, the queue, and its copies in gangs: key_queue_test.cpp; golden.gang-of-2 (method-coft-plus-*)
//  - 11, quantiles at their ends: candidate_sets_test.cpp
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "recorded.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::method {
namespace {

// CoFT's first phase on two images.
struct FirstPhase : testing::Test {
  Settings settings{{{"lambda", 1.0}, {"neg_index", "same"}, {"l2_grad", "full"}, {"scale", 10.0}}};
  Tensors in{{"features", random_tensor({2, 5}, 1).requires_grad_(true)},
             {"t_pos", random_tensor({4, 5}, 2).requires_grad_(true)},
             {"t_neg", random_tensor({4, 5}, 3).requires_grad_(true)},
             {"label", at::tensor({0, 2}, at::kLong)},
             {"complement", at::tensor({1, 3}, at::kLong)}};

  Tensors losses() const { return find_method("coft-prompts").loss(settings, in); }
  // Of L2, by input; zeros where it does not reach one.
  at::Tensor gradient(const std::string& name) const {
    auto all = torch::autograd::grad({losses().at("loss2")}, {in.at(name)}, {}, false, false, /*allow_unused=*/true);
    return all[0].defined() ? all[0] : at::zeros_like(in.at(name));
  }
  // The sign of dL2/dz-: a text that moves towards the image raises their cosine.
  double sign(std::int64_t image, std::int64_t of_class) const {
    return std::copysign(1, at::dot(gradient("t_neg")[of_class], in.at("features")[image]).item<double>());
  }
};

TEST_F(FirstPhase, Check1EqualPromptsSayNothing) {
  in["t_neg"] = in.at("t_pos").detach().clone().requires_grad_(true);
  EXPECT_NEAR(losses().at("loss2").item<double>(), 2 * std::log(2), 1e-12);
  at::Tensor logits = cosine_logits(in.at("features"), in.at("t_pos"), 10);
  EXPECT_FALSE(cross_filter({logits, logits}, {logits, logits}).clean.any().item<bool>()) << "the comparison is strict";
}

TEST_F(FirstPhase, Check2WhatIsDetachedHasNoGradient) {
  for (const char* path : {"full", "no-pos-text", "deft"}) {
    settings.set("l2_grad", path);
    EXPECT_GT(gradient("t_neg").abs().max().item<double>(), 0) << path;
    EXPECT_EQ(gradient("t_pos").abs().max().item<double>() > 0, std::string(path) == "full") << path;
    EXPECT_EQ(gradient("features").abs().max().item<double>() > 0, std::string(path) != "deft") << path;
  }
}

TEST_F(FirstPhase, Check3NegativeTextsLeaveTheirClassAndCrossedOnesJoinIt) {
  for (bool cross : {false, true}) {
    settings.set("neg_index", cross ? "cross" : "same");
    for (std::int64_t image : {0, 1}) {
      auto label = in.at("label")[image].item<std::int64_t>(), other = in.at("complement")[image].item<std::int64_t>();
      EXPECT_EQ(sign(image, label), cross ? -1 : 1) << "descent lowers z- of the label, or raises it";
      EXPECT_EQ(sign(image, other), cross ? 1 : -1);
    }
  }
}

TEST(CandidateLoss, Check11OfOneCandidateIsCrossEntropy) {
  at::Tensor logits = random_tensor({6, 4}, 1, -3, 3), label = at::arange(6).remainder(4);
  at::Tensor loss = find_method("cpl")
                        .loss(Settings(std::map<std::string, Value>()),
                              {{"logits", logits}, {"weight", at::one_hot(label, 4).to(at::kDouble)}})
                        .at("loss");
  EXPECT_NEAR(loss.item<double>(), cross_entropy(logits, label).mean().item<double>(), 1e-12);
}

// Whole runs, on rows in place of images.
class RecordedRuns : public testing::Test {
 protected:
  static constexpr std::int64_t kSamples = 6, kClasses = 3, kBatch = 3, kEpochs = 2;
  static constexpr double kScale = 5;
  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});
  train::Replay recorded_ = recorded_run(kSamples, kClasses, kBatch, kEpochs);

  train::Trace run(const std::string& name, const std::map<std::string, Value>& settings) {
    Stage stage = recorded_stage(catalogue_.method(name), catalogue_, recorded_);
    stage.settings.set("scale", kScale);
    for (const auto& [key, value] : settings) stage.settings.set(key, value);
    return execute_recorded(stage, recorded_).trace;
  }
  const at::Tensor& given(const char* name) const { return recorded_.tensors.at(name); }

  const std::map<std::string, Value> moves_{
      {"train.optimizer", "sgd"}, {"train.lr", 0.1}, {"train.weight_decay", 0.0}, {"train.momentum", 0.0}};
  std::map<std::string, Value> moves(std::map<std::string, Value> more) const {
    more.insert(moves_.begin(), moves_.end());
    return more;
  }
};

// A5: what the second loss weighs, by how far the negative texts go in one step, which it alone moves.
TEST_F(RecordedRuns, ALossOnPromptsCountsByItsWeight) {
  recorded_ = recorded_run(kSamples, kClasses, kSamples, 1);
  auto moved = [&](double lambda) {
    at::Tensor step = run("coft-prompts", moves({{"lambda", lambda}})).parameters.at("prompts") - given("prompts");
    return std::pair(step.narrow(0, 0, kClasses), step.narrow(0, kClasses, kClasses));
  };
  auto [positive, none] = moved(0);
  auto [other, whole] = moved(1);
  EXPECT_EQ(none.abs().max().item<double>(), 0);
  EXPECT_GT(positive.abs().max().item<double>(), 0) << "by the labels";
  EXPECT_GT(whole.abs().max().item<double>(), 0);
  EXPECT_TRUE(at::allclose(moved(0.5).second, whole / 2, 1e-9, 1e-12));
}

TEST_F(RecordedRuns, Check9ContrastWithoutWeightIsCoFTsSecondPhase) {
  recorded_.tensors["mask"] = at::tensor({1, 0, 1, 0, 1, 1}, at::kByte);
  train::Trace contrast = run("coft-contrast", moves({{"gamma", 0.0}, {"queue_length", 6}})),
               plain = run("ce", moves({})),
               weighed = run("coft-contrast", moves({{"gamma", 0.5}, {"queue_length", 6}}));
  for (const char* part : {"main", "head"}) {
    EXPECT_TRUE(at::allclose(contrast.parameters.at(part), plain.parameters.at(part), 1e-12, 1e-14)) << part;
    EXPECT_FALSE(at::equal(plain.parameters.at(part), given(part))) << "it is trained";
  }
  EXPECT_FALSE(at::allclose(weighed.parameters.at("main"), plain.parameters.at("main"), 1e-6)) << "the contrast trains";
}

TEST_F(RecordedRuns, Check10ABatchWithoutCleanImagesCostsNothing) {
  recorded_.tensors["mask"] = at::tensor({0, 0, 0, 1, 1, 1}, at::kByte);
  for (const auto& [name, loss] : {std::pair("coft-contrast", "loss_fft"), std::pair("ce", "loss")}) {
    std::map<std::string, Value> settings = moves({});
    if (std::string(name) != "ce") settings["queue_length"] = 6;
    train::Trace trace = run(name, settings);
    EXPECT_EQ(trace.logged.at(loss)[0].item<double>(), 0) << name;
    EXPECT_GT(trace.logged.at(loss)[1].item<double>(), 0) << name;
    for (const auto& [parameter, values] : trace.parameters)
      EXPECT_TRUE(at::isfinite(values).all().item<bool>()) << name << " " << parameter;
  }
}

TEST_F(RecordedRuns, Check12TipAdapterWithoutItsCacheIsZeroShot) {
  for (const char* name : {"tip-adapter", "tip-adapter-f"}) {
    train::Trace none = run(name, moves({{"init_alpha", 0.0}})), some = run(name, moves({{"init_alpha", 1.0}}));
    at::Tensor zero_shot =
        cosine_logits(at::matmul(given("x_w"), given("main").t()), given("class_texts.weight"), kScale);
    EXPECT_TRUE(at::allclose(none.predictions.at("logits_init"), zero_shot, 1e-12, 1e-12)) << name;
    EXPECT_FALSE(at::allclose(some.predictions.at("logits_init"), zero_shot, 1e-3)) << name << ": the cache counts";
    EXPECT_TRUE(at::equal(none.parameters.at("cache.keys"), given("cache.keys"))) << "nor does it learn";
  }
  train::Trace learned = run("tip-adapter-f", moves({{"init_alpha", 1.0}}));
  EXPECT_FALSE(at::equal(learned.parameters.at("cache.keys"), given("cache.keys")));
}

// The student's predictions as it makes them while it learns: of the statistics of the batch, which is everything.
TEST_F(RecordedRuns, Check12AStudentThatIsItsTeacherLosesNothing) {
  recorded_ = recorded_run(kSamples, kClasses, kSamples, kEpochs);
  auto layer = [&](const char* number, const at::Tensor& rows) {
    std::string part = std::string("projector.") + number;
    return at::linear(rows, recorded_.tensors.at(part + ".weight"), recorded_.tensors.at(part + ".bias"));
  };
  at::Tensor hidden = layer("0", at::matmul(given("x_w"), given("main").t()));
  at::Tensor normal = (hidden - hidden.mean(0)) / (hidden.var(0, /*unbiased=*/false) + 1e-5).sqrt();
  at::Tensor projected = layer("3", at::relu(normal * given("projector.1.weight") + given("projector.1.bias")));
  at::Tensor student = cosine_logits(projected, given("class_texts.weight"), kScale);
  const std::vector<std::string> trained{"main", "projector.0.weight", "projector.1.weight", "projector.3.weight"};
  for (double temperature : {1.0, 2.0}) {
    recorded_.tensors["teacher_logits"] = student;
    train::Trace equal = run("promptkd", moves({{"temperature", temperature}}));
    EXPECT_LT(equal.logged.at("loss").abs().max().item<double>(), 1e-9) << "of " << kEpochs << " steps";
    for (const std::string& part : trained)
      EXPECT_TRUE(at::allclose(equal.parameters.at(part), given(part.c_str()), 1e-9, 1e-9)) << part;
    recorded_.tensors["teacher_logits"] = student.flip({1});
    train::Trace other = run("promptkd", moves({{"temperature", temperature}}));
    EXPECT_GT(other.logged.at("loss")[0].item<double>(), 1);
    for (const std::string& part : trained)
      EXPECT_FALSE(at::allclose(other.parameters.at(part), given(part.c_str()), 1e-6)) << part;
  }
}

}  // namespace
}  // namespace winnow::method
