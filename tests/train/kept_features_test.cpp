// Features of frozen towers are computed once on a machine, and every stage has the bits that it has without them.
#include "../../src/train/kept_features.h"

#include <fstream>

#include "miniature.h"

namespace winnow::train {
namespace {

constexpr std::int64_t kMiB = 1 << 20, kAll = 2 * (60 + 20);

class KeptFeaturesTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    ::setenv("WINNOW_CACHE", (folder_ / "machine").c_str(), 1);
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  // 60 samples in batches of 16, 20 test images, two epochs. CC sees each batch once.
  Stage probe(const std::string& method = "cc") {
    Stage stage = train(method);
    stage.settings.set("adapt", "linear-probe");
    stage.outputs.insert(Output::weights);
    return stage;
  }
  Execution kept(const Stage& stage, std::int64_t bytes = 64 * kMiB) {
    Context where = context();
    where.keep_features = bytes;
    return execute(stage, where, *alone_, quiet_);
  }
  std::vector<Path> files() {
    std::vector<Path> found;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "machine/features", none))
      if (entry.path().extension() == ".rows") found.push_back(entry.path());
    return found;
  }
  static void expect_equal(const Execution& a, const Execution& b) {
    ASSERT_EQ(a.content.arrays.size(), b.content.arrays.size());
    for (const auto& [name, array] : a.content.arrays) EXPECT_EQ(array.bytes, b.content.arrays.at(name).bytes) << name;
    EXPECT_EQ(a.content.result_digest(), b.content.result_digest());
  }
};

TEST_F(KeptFeaturesTest, ASecondRunReadsEverythingAndHasTheSameBits) {
  Execution without = run(probe()), cold = kept(probe()), warm = kept(probe());
  EXPECT_EQ(without.features_read, 0);
  EXPECT_EQ(cold.features_read, 20) << "the test split in the second epoch";
  EXPECT_EQ(warm.features_read, kAll);
  expect_equal(without, cold);
  expect_equal(without, warm);
}

TEST_F(KeptFeaturesTest, AnotherMethodOnOtherLabelsReadsTheSameViews) {
  kept(probe("cc"));
  Stage other = probe("proden");
  other.settings.set("labels.rate", 0.6);
  Execution read = kept(other);
  EXPECT_EQ(read.features_read, kAll + 2 * 60) << "PRODEN sees each batch again after its update";
  expect_equal(run(other), read);
}

TEST_F(KeptFeaturesTest, AnotherSeedOrderOrBatchComputesItsOwnTrainingRows) {
  kept(probe());
  for (auto [key, value] : {std::pair("seed", 7), std::pair("train.batch", 20)}) {
    Stage other = probe();
    other.settings.set(key, value);
    Execution own = kept(other);
    EXPECT_EQ(own.features_read, 2 * 20) << key << ": the test split alone";
    expect_equal(run(other), own);
  }
}

TEST_F(KeptFeaturesTest, OtherWeightsViewsAndPrecisionAreOtherFeatures) {
  kept(probe());
  Stage doubles = probe();
  doubles.settings.set("train.precision", "fp64");
  EXPECT_EQ(kept(doubles).features_read, 20);
  Stage own_normalisation = probe();
  own_normalisation.settings.set("views.normalisation", "half");
  Execution renormalised = kept(own_normalisation);
  EXPECT_EQ(renormalised.features_read, 2 * 20) << "the test split has the model's";
  expect_equal(run(own_normalisation), renormalised);
  Stage longer = pretrain();
  longer.settings.set("train.epochs", 2);
  store::write_run_file(folder_ / "other.h5", run(longer).content);
  Context where = context();
  where.inputs["backbone"] = folder_ / "other.h5";
  where.keep_features = 64 * kMiB;
  EXPECT_EQ(execute(probe(), where, *alone_, quiet_).features_read, 20);
}

TEST_F(KeptFeaturesTest, OfATrainedTowerNothingIsKept) {
  Stage trained = train("proden");
  EXPECT_EQ(kept(trained).features_read, 0);
  EXPECT_EQ(kept(trained).features_read, 0);
  EXPECT_TRUE(files().empty());
}

TEST_F(KeptFeaturesTest, DamageIsComputedAgain) {
  kept(probe());
  Execution without = run(probe());
  for (const Path& path : files()) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 + 48 + 100);
    file << "damage";
  }
  Execution mended = kept(probe());
  EXPECT_GT(mended.features_read, 20);
  EXPECT_LT(mended.features_read, kAll);
  expect_equal(without, mended);
  Execution whole = kept(probe());
  EXPECT_EQ(whole.features_read, kAll);
  expect_equal(without, whole);
}

TEST_F(KeptFeaturesTest, BeyondTheLimitNothingIsKept) {
  Execution without = run(probe()), small = kept(probe(), 100);
  EXPECT_EQ(small.features_read, 0);
  EXPECT_TRUE(files().empty());
  expect_equal(without, small);
}

TEST_F(KeptFeaturesTest, WhatNothingUsedForADayMakesRoom) {
  std::filesystem::create_directories(folder_ / "machine/features");
  for (const char* name : {"old.rows", "new.rows"}) {
    std::ofstream(folder_ / "machine/features" / name) << std::string(kMiB, 'x');
    if (std::string(name) == "old.rows")
      std::filesystem::last_write_time(folder_ / "machine/features" / name,
                                       std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  }
  kept(probe(), 2 * kMiB);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "machine/features/old.rows"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "machine/features/new.rows"));
  EXPECT_GT(files().size(), 1u);
}

// Half of the limit is full of other files, all in use: views with draws find no room, the test split does.
TEST_F(KeptFeaturesTest, ViewsWithDrawsLeaveRoomForTestSplits) {
  std::filesystem::create_directories(folder_ / "machine/features");
  std::ofstream(folder_ / "machine/features/new.rows") << std::string(kMiB, 'x');
  Stage drawn = probe();
  drawn.settings.set("views.weak", "rrc-flip");
  kept(drawn, 2 * kMiB);
  EXPECT_EQ(kept(drawn, 2 * kMiB).features_read, 2 * 20);
  EXPECT_EQ(kept(drawn, 4 * kMiB).features_read, 2 * 20);
  EXPECT_EQ(kept(drawn, 4 * kMiB).features_read, kAll) << "with room enough the run before has kept them";
}

TEST_F(KeptFeaturesTest, AFolderThatCannotBeWrittenIsNoError) {
  std::filesystem::create_directories(folder_ / "machine");
  std::ofstream(folder_ / "machine/features") << "a file";
  Execution anyway = kept(probe());
  EXPECT_EQ(anyway.features_read, 0);
  expect_equal(run(probe()), anyway);
}

TEST_F(KeptFeaturesTest, FurtherChunksAreOtherForwards) {
  kept(probe());
  Context pieces = context();
  pieces.keep_features = 64 * kMiB;
  pieces.chunk = 4;
  EXPECT_EQ(execute(probe(), pieces, *alone_, quiet_).features_read, 20);
}

TEST_F(KeptFeaturesTest, AZeroShotEvaluationReadsThem) {
  Stage stage = train("cc");
  stage.kind = StageKind::evaluate;
  Execution without = run(stage);
  kept(stage);
  Execution warm = kept(stage);
  EXPECT_EQ(warm.features_read, 20);
  expect_equal(without, warm);
}

}  // namespace
}  // namespace winnow::train
