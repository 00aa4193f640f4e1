// Whole stages on a miniature data set.
#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "../folder.h"
#include "../method_defaults.h"
#include "../refusal.h"
#include "../test_device.h"
#include "winnow/core/safetensors.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/execute.h"

namespace winnow::train {

// A data cache of 60 + 20 images of 28 x 28 in ten classes: each class is a bright row at its own height.
class Miniature : public testing::Test {
 protected:
  Folder folder_;
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  c10::Device device_ = test_device();
  Observer quiet_;
  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});

  void SetUp() override { write_cache(); }

  // `forge`: training labels that are not the truth of the images. `classes`: their names, a JSON list.
  void write_cache(std::int64_t (*forge)(std::int64_t) = nullptr,
                   const std::string& classes = R"(["a","b","c","d","e","f","g","h","i","j"])") {
    auto [train_images, train_labels] = images(60);
    auto [test_images, test_labels] = images(20);
    if (forge)
      for (std::int64_t& label : train_labels) label = forge(label);
    write_safetensors(folder_ / "cache",
                      {{"train.images", {"U8", {60, 28, 28, 1}, std::as_bytes(std::span(train_images))}},
                       {"train.labels", {"I64", {60}, std::as_bytes(std::span(train_labels))}},
                       {"test.images", {"U8", {20, 28, 28, 1}, std::as_bytes(std::span(test_images))}},
                       {"test.labels", {"I64", {20}, std::as_bytes(std::span(test_labels))}}},
                      {{"version", "1"}, {"fingerprint", "f"}, {"classes", classes}});
  }

  static std::pair<std::vector<std::uint8_t>, std::vector<std::int64_t>> images(std::int64_t count) {
    std::vector<std::uint8_t> images(static_cast<std::size_t>(count) * 784);
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < count; ++i) {
      labels.push_back(i % 10);
      for (std::int64_t x = 0; x < 28; ++x)
        images[static_cast<std::size_t>(i * 784 + (2 * (i % 10) + 4) * 28 + x)] =
            static_cast<std::uint8_t>(200 + i % 50);
    }
    return {images, labels};
  }

  Stage pretrain() {
    Stage stage;
    stage.kind = StageKind::pretrain;
    stage.settings = Settings(catalogue_.models.at("nano-clip").pretrain->settings);
    stage.settings.set("dataset", "mini");
    stage.settings.set("data.last", 0);
    stage.settings.set("train.batch", 20);
    stage.settings.set("train.epochs", 1);
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::weights};
    return stage;
  }

  Stage train(const std::string& method) {
    Stage stage;
    for (const sweep::Key& key : catalogue_.common)
      if (key.fallback) stage.settings.set(key.key, *key.fallback);
    set_defaults(stage.settings, catalogue_.methods.at(method), 0.3);
    for (auto [key, value] : std::map<std::string, Value>{{"method", method},
                                                          {"dataset", "mini"},
                                                          {"model", "nano-clip"},
                                                          {"train.epochs", 2},
                                                          {"train.batch", 16},
                                                          {"labels.kind", "flip"},
                                                          {"labels.rate", 0.3},
                                                          {"labels.seed", 0},
                                                          {"data.validation_seed", 0}})
      stage.settings.set(key, value);
    stage.version = catalogue_.methods.at(method).version;
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::labels};
    return stage;
  }

  Context context() {
    Context result;
    result.data["mini"] = folder_ / "cache";
    result.inputs["backbone"] = folder_ / "backbone.h5";
    result.device = device_;
    return result;
  }
  Execution run(const Stage& stage) { return execute(stage, context(), *alone_, quiet_); }
  std::string refusal(const Stage& stage) { return refusal(stage, context()); }
  std::string refusal(const Stage& stage, const Context& context) {
    return winnow::refusal([&] { execute(stage, context, *alone_, quiet_); });
  }
};

}  // namespace winnow::train
