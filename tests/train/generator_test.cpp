// Classifiers as generators of instance-dependent candidate sets: trained from random initialisation by a stage, then
// scoring in a stage.
#include "miniature.h"
#include "winnow/model/untrained_tower.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class GeneratorTest : public Miniature {
 protected:
  Stage generator() {
    Stage stage = train("ce");
    const sweep::Model& model = catalogue_.models.at("wide-resnet-10-1");
    for (const auto& [key, value] : model.settings) stage.settings.set(key, value);
    for (const auto& [key, value] : model.architecture) stage.settings.set("architecture." + key, value);
    for (auto [key, value] : std::map<std::string, Value>{
             {"model", "wide-resnet-10-1"}, {"labels.kind", "clean"}, {"train.batch", 20}, {"train.epochs", 8}})
      stage.settings.set(key, value);
    stage.outputs = {Output::metrics, Output::weights};
    return stage;
  }
  Stage score(const char* mode) {
    Stage stage;
    stage.kind = StageKind::score;
    for (const sweep::Key& key : catalogue_.common)
      if (key.key.starts_with("data.")) stage.settings.set(key.key, *key.fallback);
    for (auto [key, value] : std::map<std::string, Value>{{"dataset", "mini"},
                                                          {"model", "wide-resnet-10-1"},
                                                          {"scorer", "classifier"},
                                                          {"mode", mode},
                                                          {"chunk", 30},
                                                          {"view", "plain"},
                                                          {"seed", 0},
                                                          {"data.validation_seed", 0}})
      stage.settings.set(key, value);
    for (const auto& [key, value] : catalogue_.models.at("wide-resnet-10-1").architecture)
      stage.settings.set("architecture." + key, value);
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::scores};
    stage.inputs["classifier"] = {};
    return stage;
  }
  Context context() {
    Context result = Miniature::context();
    result.inputs["classifier"] = folder_ / "generator.h5";
    return result;
  }
  Execution run(const Stage& stage) { return execute(stage, context(), *alone_, quiet_); }
  static double figure(const Execution& execution) {
    return std::get<std::vector<double>>(execution.content.tables.at("metrics/final")[0].values)[0];
  }
};

TEST_F(GeneratorTest, IsTrainedThenScores) {
  Execution trained = run(generator());
  store::write_run_file(folder_ / "generator.h5", trained.content);
  Execution scored = run(score("evaluation"));
  EXPECT_EQ(scored.content.arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10}));
  EXPECT_GT(figure(scored), 0.5) << "images of rows at ten heights are easy";

  // The trained tower and head, put together by hand.
  Stage batch = score("batch-statistics");
  at::Tensor one = scored.trace.predictions.at("logits"), other = run(batch).trace.predictions.at("logits");
  EXPECT_FALSE(at::allclose(one, other, 1e-3, 1e-3)) << "moments of the chunk, and dropout";
  EXPECT_TRUE(at::equal(other, run(batch).trace.predictions.at("logits"))) << "dropout is drawn from streams";
  batch.settings.set("seed", 1);
  EXPECT_FALSE(at::allclose(other, run(batch).trace.predictions.at("logits"), 1e-3, 1e-3));
  batch.settings.set("chunk", 60);
  EXPECT_FALSE(at::allclose(other, run(batch).trace.predictions.at("logits"), 1e-3, 1e-3));
  Stage crops = score("evaluation");
  crops.settings.set("view", "rrc-flip");
  EXPECT_FALSE(at::allclose(one, run(crops).trace.predictions.at("logits"), 1e-3, 1e-3));

  // Sets from these scores.
  store::write_run_file(folder_ / "scores.h5", scored.content);
  Stage user = generator();
  user.settings.set("method", "cc");
  user.settings.set("labels.kind", "instance-candidates");
  user.settings.set("labels.rate", 0.4);
  user.settings.set("train.epochs", 1);
  user.inputs["scores"] = {};
  user.outputs = {Output::metrics, Output::labels};
  Context with_scores = context();
  with_scores.inputs["scores"] = folder_ / "scores.h5";
  EXPECT_EQ(execute(user, with_scores, *alone_, quiet_).content.arrays.at("labels/candidates").shape,
            (std::vector<std::size_t>{60, 10}));
}

TEST_F(GeneratorTest, BeginsAtRandomFromTheSeed) {
  Stage one = generator(), other = generator();
  one.settings.set("train.epochs", 1);
  other.settings.set("train.epochs", 1);
  EXPECT_EQ(run(one).content.result_digest(), run(other).content.result_digest());
  other.settings.set("seed", 1);
  EXPECT_NE(run(one).content.result_digest(), run(other).content.result_digest());
}

TEST_F(GeneratorTest, WrongClassifiersAreRefused) {
  model::write_snapshot(folder_ / "seven",
                        model::untrained_tower(
                            {{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"num_labels", 7}}, 0));
  model::write_snapshot(folder_ / "none",
                        model::untrained_tower({{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}}, 0));
  Stage stage = score("evaluation");
  stage.inputs.clear();
  Context given = context();
  given.inputs["backbone"] = folder_ / "seven";
  EXPECT_THAT(
      refusal(stage, given),
      HasSubstr("labels.scorer.model = wide-resnet-10-1: its classifier has 7 classes, the data set mini has 10"));
  given.inputs["backbone"] = folder_ / "none";
  EXPECT_THAT(refusal(stage, given), HasSubstr("its classifier has 0 classes"));

  Stage plain = generator();
  plain.settings.set("train.epochs", 1);
  plain.settings.set("batch_norm", "stored");  // keeps no averages
  plain.settings.set("train.lr", 0.0);         // without moments of its own it would overflow
  store::write_run_file(folder_ / "generator.h5", run(plain).content);
  EXPECT_THAT(refusal(score("evaluation"), context()),
              HasSubstr("generator.h5 holds no trained 'block1.layer.0.bn1.running_mean'"));
}

}  // namespace
}  // namespace winnow::train
