// Whole stages on a miniature data set: what a run file holds, that the same stage gives the same digest, and refusals.
#include "winnow/train/execute.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "miniature.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class ExecuteTest : public Miniature {
 protected:
  // The run file of the backbone that training stages begin with.
  store::RunContent backbone() {
    store::RunContent content = run(pretrain()).content;
    store::write_run_file(folder_ / "backbone.h5", content);
    return content;
  }
};

TEST_F(ExecuteTest, APretrainedBackboneIsASnapshot) {
  store::RunContent content = backbone();
  EXPECT_TRUE(content.tables.count("metrics/final"));
  EXPECT_TRUE(content.texts.count("snapshot/config.json"));
  EXPECT_TRUE(content.arrays.count("weights/visual_projection.weight"));
}

TEST_F(ExecuteTest, ATrainingStageHasARowForEachEpochAndItsLabels) {
  backbone();
  store::RunContent sets = run(train("cc")).content;
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(sets.tables.at("metrics/epochs")[0].values).size(), 2u);
  EXPECT_EQ(sets.arrays.at("labels/candidates").shape, (std::vector<std::size_t>{60, 10}));
  Stage stage = train("ce");
  stage.settings.set("labels.kind", "symmetric");
  EXPECT_EQ(run(stage).content.arrays.at("labels/given").shape, (std::vector<std::size_t>{60}));
}

TEST_F(ExecuteTest, TheSameStageHasTheSameDigest) {
  backbone();
  for (const char* method : {"cc", "proden", "crdpll"})
    EXPECT_EQ(run(train(method)).content.result_digest(), run(train(method)).content.result_digest()) << method;
}

TEST_F(ExecuteTest, ChunksHaveTheGradientsOfWholeBatches) {
  backbone();
  Context chunked = context();
  chunked.chunk = 5;
  for (const char* method : {"cc", "proden", "crdpll"}) {
    at::Tensor whole = run(train(method)).trace.first_gradients.at("main"),
               pieces = execute(train(method), chunked, *alone_, quiet_).trace.first_gradients.at("main");
    EXPECT_LT((whole - pieces).abs().max().item<double>(), 1e-4) << method;
  }
}

// Each class is a bright row at its own height: with right labels a head learns them, whatever the backbone saw.
TEST_F(ExecuteTest, TrainingImproves) {
  backbone();
  for (const char* method : {"ce", "proden"}) {
    Stage stage = train(method);
    for (auto [key, value] :
         std::map<std::string, Value>{{"labels.kind", method == std::string("ce") ? "clean" : "flip"},
                                      {"labels.rate", 0.1},
                                      {"head_init", "random"},
                                      {"train.epochs", 12},
                                      {"train.lr", 3e-2}})
      stage.settings.set(key, value);
    store::RunContent content = run(stage).content;
    std::map<std::string, std::vector<double>> columns;
    for (const store::Column& column : content.tables.at("metrics/epochs"))
      if (const auto* values = std::get_if<std::vector<double>>(&column.values)) columns[column.name] = *values;
    EXPECT_LT(columns.at("loss").back(), 0.7 * columns.at("loss").front()) << method;
    EXPECT_GT(columns.at("accuracy").back(), 0.25) << method << ": a guess is right one time in ten";
  }
}

TEST_F(ExecuteTest, SmoothedLabelsAreTrainedOn) {
  backbone();
  Stage stage = train("ce");
  stage.settings.set("labels.kind", "clean");
  Hash128 plain = run(stage).content.result_digest();
  stage.settings.set("label_smoothing", 0.2);
  EXPECT_NE(run(stage).content.result_digest(), plain);
}

TEST_F(ExecuteTest, WhatTheDataSetCannotGiveIsRefused) {
  backbone();
  Stage stage = train("ce");
  stage.settings.set("labels.kind", "symmetric");
  stage.settings.set("train.batch", 61);
  EXPECT_THAT(refusal(stage), HasSubstr("train.batch = 61 is larger than the 60 training samples"));
  stage = train("proden");
  stage.settings.set("data.samples", 61);
  EXPECT_THAT(refusal(stage), HasSubstr("61 samples are asked for, 60 are there"));
  stage = train("proden");
  stage.fingerprints["data"] = "other";
  EXPECT_THAT(refusal(stage), HasSubstr("data of fingerprint f, the stage wants other"));
  EXPECT_THAT(refusal(train("ce")), HasSubstr("this stage has candidate sets, no given labels"));
}

TEST_F(ExecuteTest, LabelsThatAreNoClassAreRefused) {
  backbone();
  Stage stage = train("ce");
  stage.settings.set("labels.kind", "clean");
  write_cache([](std::int64_t label) { return label == 9 ? std::int64_t{10} : label; });
  EXPECT_THAT(refusal(stage), HasSubstr("cache: 10 is none of the classes 0 to 9"));
}

TEST_F(ExecuteTest, StagesOfOtherVersionsAreRefused) {
  backbone();
  Stage stage = train("proden");
  stage.version = 7;
  EXPECT_THAT(refusal(stage), HasSubstr("method proden has result version 1 here, the stage wants 7"));
  for (StageKind kind : {StageKind::pretrain, StageKind::embed, StageKind::score, StageKind::narrow, StageKind::select,
                         StageKind::cross_filter, StageKind::ensemble, StageKind::evaluate}) {
    stage.kind = kind;
    EXPECT_THAT(refusal(stage),
                HasSubstr(fmt::format("{} has result version 1 here, the stage wants 7", to_string(kind))));
  }
}

TEST_F(ExecuteTest, ALossThatIsNotFiniteNamesItsSamples) {
  backbone();
  Stage stage = train("proden");
  stage.settings.set("train.lr", 1e30);
  EXPECT_THAT(refusal(stage),
              testing::MatchesRegex("method proden: the loss is not finite at epoch 0, step [0-9], on samples [0-9]+(, "
                                    "[0-9]+)*, ... .16 in all.: try a smaller train.lr"));
}

TEST_F(ExecuteTest, ABrokenBackboneIsRefusedByTheTensor) {
  store::RunContent broken = backbone();
  broken.arrays["weights/visual_projection.weight"].shape = {96, 64};
  std::filesystem::remove(folder_ / "backbone.h5");
  store::write_run_file(folder_ / "backbone.h5", broken);
  EXPECT_THAT(refusal(train("cc")),
              HasSubstr("tensor 'visual_projection.weight' has shape [96, 64], the configuration wants [64, 96]"));
}

// Without a folder for checkpoints nothing is written beside the data and the inputs; and what ran is gone from memory,
// too: the stage gives the result that it would have given.
TEST_F(ExecuteTest, AStopLeavesNothing) {
  class Stopping final : public Observer {
   public:
    std::int64_t after = 0, told = 0;
    bool report_wanted(std::int64_t step, std::int64_t) override {
      step_ = step;
      return false;
    }
    bool stop_wanted() override { return step_ >= after; }
    void checkpointed(std::int64_t, std::int64_t, double) override { ++told; }

   private:
    std::int64_t step_ = 0;
  };
  auto files = [&] {
    std::map<std::string, std::string> result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      result[entry.path()] = entry.is_regular_file() ? read_file(entry.path()) : "a folder";
    return result;
  };
  store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  std::string want = run(train("proden")).content.result_digest().hex();
  std::map<std::string, std::string> before = files();
  EXPECT_TRUE(before.count(folder_ / "cache"));
  for (const Stage& stage : {pretrain(), train("proden")})
    for (std::int64_t step : {1, 2}) {
      Stopping stopping;
      stopping.after = step;
      EXPECT_THROW(execute(stage, context(), *alone_, stopping), Stopped);
      EXPECT_EQ(stopping.told, 0);
      EXPECT_EQ(files(), before) << to_string(stage.kind) << " stopped after " << step;
    }
  EXPECT_EQ(run(train("proden")).content.result_digest().hex(), want);
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
