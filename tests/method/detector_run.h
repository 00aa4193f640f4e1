// A recorded run for detectors: three clusters of images, some of whose given labels are wrong, in one batch an epoch.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../refusal.h"
#include "recorded.h"

namespace winnow::method {

class DetectorRun : public testing::Test {
 protected:
  static constexpr std::int64_t kSamples = 24, kClasses = 3, kEpochs = 4;

  DetectorRun() {
    at::Tensor truth = at::arange(kSamples).remainder(kClasses);
    at::Tensor shift = at::zeros({kSamples}, at::kLong);
    shift.narrow(0, 0, 6).fill_(1);  // samples 0 to 5 are of another class than they say
    given_ = (truth + shift).remainder(kClasses);
    recorded_.tensors["given"] = given_;
    at::Tensor images = at::one_hot(truth, 5).to(at::kDouble) * 3;
    std::uint64_t seed = 100;
    for (const char* view : {"x_w", "x_a", "x_s", "x_s2"})
      recorded_.tensors[view] = images + random_tensor(images.sizes(), seed++, -0.2, 0.2);
    // Towers that keep the clusters apart.
    for (const char* tower : {"main", "second"})
      recorded_.tensors[tower] = at::eye(4, 5, at::kDouble) + random_tensor({4, 5}, seed++, -0.1, 0.1);
    set("scale", 5.0);
    set("train.lr", 0.01);
    set("train.weight_decay", 0.0);
  }

  void set(const std::string& key, const Value& value) { more_[key] = value; }

  train::Trace run(const std::string& name) {
    const sweep::Method& method = catalogue_.methods.at(name);
    Stage stage = recorded_stage(method, catalogue_, recorded_);
    for (const auto& [key, value] : more_) stage.settings.set(key, value);
    // Keys that exist by the values of others.
    for (const sweep::Key& key : method.keys)
      if (!exists(key, stage.settings)) stage.settings.erase(key.key);
    train::Context context;
    context.replay = &recorded_;
    return train::execute(stage, context, *alone_, quiet_).trace;
  }
  std::string refusal_of(const std::string& name) {
    return refusal([&] { run(name); });
  }

  static void expect_finite(const train::Trace& trace) {
    auto check = [](const std::string& name, const at::Tensor& tensor) {
      EXPECT_TRUE(at::isfinite(tensor.to(at::kDouble)).all().item<bool>()) << name;
    };
    for (const auto& [name, tensor] : trace.logged) check(name, tensor);
    for (const auto& [name, tensor] : trace.states) check(name, tensor);
    for (const auto& [name, tensor] : trace.parameters) check(name, tensor);
  }
  bool moved(const train::Trace& trace, const std::string& parameter) const {
    return !at::equal(trace.parameters.at(parameter), recorded_.tensors.at(parameter));
  }

  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  train::Observer quiet_;
  train::Replay recorded_ = recorded_run(kSamples, kClasses, kSamples, kEpochs);
  at::Tensor given_;
  std::map<std::string, Value> more_;
};

}  // namespace winnow::method
