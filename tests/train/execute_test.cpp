// Whole stages on a miniature data set: what a run file holds, that the same stage gives the same digest, and refusals.
#include "winnow/train/execute.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/safetensors.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

// A data cache of 60 + 20 pictures of 28 x 28 in ten classes: each class is a bright row at its own height.
class ExecuteTest : public testing::Test {
 protected:
  Path folder_ = Path(testing::TempDir()) / "winnow-execute-test";
  std::unique_ptr<comm::Collective> alone_ = comm::alone();
  Observer quiet_;
  sweep::Catalogue catalogue_ = sweep::Catalogue::built_in({});

  void SetUp() override {
    std::filesystem::remove_all(folder_);
    make_folders(folder_);
    auto [train_images, train_labels] = pictures(60);
    auto [test_images, test_labels] = pictures(20);
    write_safetensors(folder_ / "cache",
                      {{"train.images", {"U8", {60, 28, 28, 1}, std::as_bytes(std::span(train_images))}},
                       {"train.labels", {"I64", {60}, std::as_bytes(std::span(train_labels))}},
                       {"test.images", {"U8", {20, 28, 28, 1}, std::as_bytes(std::span(test_images))}},
                       {"test.labels", {"I64", {20}, std::as_bytes(std::span(test_labels))}}},
                      {{"version", "1"}, {"fingerprint", "f"}, {"classes", R"(["a","b","c","d","e","f","g","h","i","j"])"}});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::pair<std::vector<std::uint8_t>, std::vector<std::int64_t>> pictures(std::int64_t count) {
    std::vector<std::uint8_t> images(static_cast<std::size_t>(count) * 784);
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < count; ++i) {
      labels.push_back(i % 10);
      for (std::int64_t x = 0; x < 28; ++x) images[static_cast<std::size_t>(i * 784 + (2 * (i % 10) + 4) * 28 + x)] = static_cast<std::uint8_t>(200 + i % 50);
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
    for (const sweep::Key& key : catalogue_.methods.at(method).keys) stage.settings.set(key.key, *key.fallback);
    for (auto [key, value] : std::map<std::string, Value>{{"method", method}, {"dataset", "mini"}, {"model", "nano-clip"}, {"train.epochs", 2},
                                                          {"train.batch", 16}, {"labels.kind", "flip"}, {"labels.rate", 0.3}, {"labels.seed", 0}})
      stage.settings.set(key, value);
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::labels};
    return stage;
  }

  Context context() {
    Context result;
    result.data["mini"] = folder_ / "cache";
    result.inputs["backbone"] = folder_ / "backbone.h5";
    return result;
  }
  Execution run(const Stage& stage) { return execute(stage, context(), *alone_, quiet_); }
  std::string refusal(const Stage& stage) {
    try {
      run(stage);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(ExecuteTest, PretrainThenTrain) {
  Execution backbone = run(pretrain());
  EXPECT_TRUE(backbone.content.tables.count("metrics/final"));
  EXPECT_TRUE(backbone.content.texts.count("snapshot/config.json"));
  store::write_run_file(folder_ / "backbone.h5", backbone.content);

  for (const char* method : {"cc", "proden", "crdpll"}) {
    Execution first = run(train(method)), second = run(train(method));
    const store::Table& epochs = first.content.tables.at("metrics/epochs");
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(epochs[0].values).size(), 2u);
    EXPECT_EQ(first.content.arrays.at("labels/candidates").shape, (std::vector<std::size_t>{60, 10}));
    EXPECT_EQ(first.content.result_digest(), second.content.result_digest()) << method;
    Context chunked = context();
    chunked.chunk = 5;
    at::Tensor whole = first.trace.first_gradients.at("main"),
               pieces = execute(train(method), chunked, *alone_, quiet_).trace.first_gradients.at("main");
    EXPECT_LT((whole - pieces).abs().max().item<double>(), 1e-4) << method;
  }

  Stage stage = train("ce");
  stage.settings.set("labels.kind", "symmetric");
  EXPECT_EQ(run(stage).content.arrays.at("labels/given").shape, (std::vector<std::size_t>{60}));
  stage.settings.set("train.batch", 61);
  EXPECT_THAT(refusal(stage), HasSubstr("train.batch = 61 is larger than the 60 training samples"));
  stage = train("proden");
  stage.settings.set("data.samples", 61);
  EXPECT_THAT(refusal(stage), HasSubstr("61 samples are asked for, 60 are there"));
  stage = train("proden");
  stage.fingerprints["data"] = "other";
  EXPECT_THAT(refusal(stage), HasSubstr("data of fingerprint f, the stage wants other"));
  stage = train("proden");
  stage.version = 7;
  EXPECT_THAT(refusal(stage), HasSubstr("method proden has result version 1 here, the stage wants 7"));
  stage = train("proden");
  stage.kind = StageKind::detect;
  EXPECT_THAT(refusal(stage), HasSubstr("computes stages of kind pretrain and train, not detect"));
  stage = train("proden");
  stage.settings.set("train.lr", 1e30);
  EXPECT_THAT(refusal(stage), HasSubstr("method proden: the loss is not finite"));

  store::RunContent broken = backbone.content;
  broken.arrays["weights/visual_projection.weight"].shape = {96, 64};
  std::filesystem::remove(folder_ / "backbone.h5");
  store::write_run_file(folder_ / "backbone.h5", broken);
  EXPECT_THAT(refusal(train("cc")), HasSubstr("tensor 'visual_projection.weight' has shape [96, 64], the configuration wants [64, 96]"));
}

TEST_F(ExecuteTest, AStopLeavesNothing) {
  class Stopping final : public Observer {
   public:
    bool stop_wanted() override { return true; }
  } stopping;
  EXPECT_THROW(execute(pretrain(), context(), *alone_, stopping), Stopped);
}

TEST_F(ExecuteTest, ASnapshotSurvivesItsRunFile) {
  Execution backbone = run(pretrain());
  store::write_run_file(folder_ / "backbone.h5", backbone.content);
  model::Snapshot read = snapshot_of(store::read_run_file(folder_ / "backbone.h5"), "backbone.h5");
  EXPECT_EQ(read.config, Value::parse(backbone.content.texts.at("snapshot/config.json")));
  EXPECT_TRUE(read.files.count("merges.txt"));
  EXPECT_TRUE(read.tensors.count("vision_model.encoder.layers.0.self_attn.q_proj.weight"));
}

}  // namespace
}  // namespace winnow::train
