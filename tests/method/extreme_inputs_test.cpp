// Every method, driven through the stage executor with logits up to +-1000, and with candidate sets of all sizes where
// it takes sets: what it makes is finite, and confidences stay in the sets. Right values: golden cases.
#include <gtest/gtest.h>

#include <algorithm>

#include "recorded.h"
#include "winnow/core/error.h"
#include "winnow/method/registry.h"

namespace winnow::method {
namespace {

class ExtremeInputs : public testing::Test {
 protected:
  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  train::Observer quiet_;

  static constexpr std::int64_t kSamples = 11, kClasses = 5, kBatch = 4, kEpochs = 3;

  // Of candidate sets, or of given labels: those that train, by themselves or to select.
  std::vector<std::string> methods(sweep::LabelNeed labels = sweep::LabelNeed::candidates) const {
    std::vector<std::string> names;
    for (const auto& [name, method] : catalogue_.methods)
      if (method.labels == labels && is_registered(name)) names.push_back(name);
    return names;
  }
  static bool is_registered(const std::string& name) {
    const auto& all = registry();
    return std::any_of(all.begin(), all.end(), [&](const Entry& entry) { return name == entry.name && entry.make; });
  }
  // Full, singleton, label-less sets; one batch (samples 4 to 7) has no label at all, and class 4 is in few sets.
  static at::Tensor sets() {
    at::Tensor result = (random_tensor({kSamples, kClasses}, 40) > 0.2).to(at::kByte);
    result.select(1, 4).zero_();
    result[0].fill_(1);
    result[1].zero_()[2] = 1;
    result[2].zero_();
    result.narrow(0, 4, 4).zero_();
    return result;
  }
  train::Execution run(const std::string& name, const char* profile, const char* precision, double scale,
                       const at::Tensor& candidates, const std::map<std::string, Value>& more = {}) {
    const sweep::Method& method = catalogue_.methods.at(name);
    train::Replay recorded = recorded_run(kSamples, kClasses, kBatch, kEpochs, candidates);
    for (auto& [tensor_name, tensor] : recorded.tensors)
      if (tensor.is_floating_point() && std::string(precision) == "fp32") tensor = tensor.to(at::kFloat);
    Stage stage = recorded_stage(method, catalogue_, recorded, precision);
    set_own_of_profile(stage.settings, method, profile);
    if (stage.settings.has("warmup_epochs")) stage.settings.set("warmup_epochs", 0);
    if (stage.settings.has("queue_length")) stage.settings.set("queue_length", 6);
    stage.settings.set("scale", scale);
    stage.settings.set("train.lr", 0.05);
    for (const auto& [key, value] : more) stage.settings.set(key, value);
    train::Context context;
    context.replay = &recorded;
    return train::execute(stage, context, *alone_, quiet_);
  }
  static void expect_finite(const train::Trace& trace, const std::string& what) {
    auto check = [&](const std::string& name, const at::Tensor& tensor) {
      bool logs = name == "queue";  // SoLar's holds logarithms: minus infinity is a zero
      at::Tensor bad = logs ? at::isnan(tensor.to(at::kDouble)) : at::isfinite(tensor.to(at::kDouble)).logical_not();
      EXPECT_FALSE(bad.any().item<bool>()) << what << ": " << name;
    };
    for (const auto& [name, values] : trace.logged) check(name, values);
    for (const auto& [name, tensor] : trace.parameters) check(name, tensor);
    for (const auto& [name, tensor] : trace.states) check(name, tensor);
    for (const auto& [name, tensor] : trace.predictions) check(name, tensor);
    for (const auto& [name, tensor] : trace.first_gradients) check("gradient of " + name, tensor);
  }
};

TEST_F(ExtremeInputs, NoMethodMakesNaN) {
  ASSERT_GE(methods().size(), 14u);
  for (const std::string& name : methods())
    for (const char* profile : {"intended", "reference"})
      for (const char* precision : {"fp32", "fp64"})
        for (double scale : {25., 1000.})
          expect_finite(run(name, profile, precision, scale, sets()).trace,
                        name + " " + profile + " " + precision + " " + std::to_string(scale));
}

TEST_F(ExtremeInputs, NoMethodOnGivenLabelsMakesNaN) {
  std::vector<std::string> names = methods(sweep::LabelNeed::given);
  for (const char* name : {"ce", "gmm", "small-loss"})
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  for (const std::string& name : names)
    for (const char* profile : {"intended", "reference"})
      for (const char* precision : {"fp32", "fp64"})
        for (double scale : {25., 1000.})
          expect_finite(run(name, profile, precision, scale, {}).trace,
                        name + " " + profile + " " + precision + " " + std::to_string(scale));
}

TEST_F(ExtremeInputs, ConfidencesStayInTheCandidateSets) {
  for (const std::string& name : methods()) {
    if (name == "lws") continue;  // its weights are of all classes
    train::Trace trace = run(name, "intended", "fp64", 25, sets()).trace;
    if (!trace.states.count("confidence")) continue;
    at::Tensor last = trace.states.at("confidence")[kEpochs - 1], Y = sets().to(at::kDouble), some = Y.amax(1);
    EXPECT_LT((last * (1 - Y)).abs().max().item<double>(), 1e-12) << name;
    EXPECT_TRUE(at::allclose(last.sum(1), some)) << name << ": a distribution, or nothing";
  }
}

TEST_F(ExtremeInputs, PurifiedSetsShrinkAndNeverBecomeEmpty) {
  for (double theta : {0.01, 0.3, 0.9, 0.999})
    for (double scale : {25., 1000.}) {
      train::Trace trace = run("pop", "intended", "fp64", scale, sets(), {{"window", 1}, {"theta", theta}}).trace;
      at::Tensor epochs = trace.states.at("candidates").to(at::kDouble), before = sets().to(at::kDouble);
      at::Tensor some = before.amax(1);
      for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
        at::Tensor now = epochs[epoch];
        EXPECT_TRUE((now <= before).all().item<bool>()) << "theta " << theta << ": no candidate comes back";
        EXPECT_TRUE(at::equal(now.amax(1), some)) << "theta " << theta << ", epoch " << epoch;
        before = now;
      }
      if (theta > 0.5) {
        EXPECT_LT(before.sum().item<double>(), sets().sum().item<double>()) << "something is purified at all";
      }
    }
}

TEST_F(ExtremeInputs, AWholeTrainingSetWithoutLabelsTrainsOnNothing) {
  for (const std::string& name : methods()) {
    train::Trace trace =
        run(name, "intended", "fp64", 25, at::zeros({kSamples, kClasses}, at::TensorOptions(at::kByte))).trace;
    expect_finite(trace, name);
    if (name == "able" || name == "pico") continue;  // contrast needs no labels
    EXPECT_LT(trace.first_gradients.at("main").abs().max().item<double>(), 1e-12) << name;
  }
}

TEST_F(ExtremeInputs, AQueueShorterThanABatchIsRefused) {
  train::Replay recorded = recorded_run(kSamples, kClasses, kBatch, 1, sets());
  Stage stage = recorded_stage(catalogue_.methods.at("pico"), catalogue_, recorded);
  stage.settings.set("queue_length", 3);
  train::Context context;
  context.replay = &recorded;
  try {
    train::execute(stage, context, *alone_, quiet_);
    ADD_FAILURE() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("queue_length = 3 is shorter than a batch of 4"), std::string::npos)
        << error.what();
  }
}

TEST_F(ExtremeInputs, UnknownWordsAreRefusedByName) {
  train::Replay recorded = recorded_run(kSamples, kClasses, kBatch, 1, sets());
  for (auto [method, key, word, known] : {std::array{"cavl", "argmax", "candidate", "did you mean 'candidates'"},
                                          std::array{"pop", "hook", "start", "known: epoch-end, first-step"},
                                          std::array{"idgp", "ramp_steps", "half", "fifth-of-the-iterations"}}) {
    Stage stage = recorded_stage(catalogue_.methods.at(method), catalogue_, recorded);
    stage.settings.set(key, word);
    train::Context context;
    context.replay = &recorded;
    try {
      train::execute(stage, context, *alone_, quiet_);
      ADD_FAILURE() << method << " accepts " << word;
    } catch (const UsageError& error) {
      std::string text = error.what();
      EXPECT_NE(text.find(key), std::string::npos) << text;
      EXPECT_NE(text.find(known), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace winnow::method
