// What is special about a method after its warm-up is counted in the run file.
#include "../../src/train/preprocessing.h"
#include "miniature.h"
#include "winnow/data/pixels.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/normalise.h"
#include "winnow/train/run_snapshot.h"
#include "winnow/view/apply.h"
#include "winnow/view/pipeline.h"
#include "winnow/view/view.h"

namespace winnow::train {
namespace {

class FiguresTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  // Column of metrics/epochs.
  std::vector<double> column(const store::RunContent& content, const std::string& name) {
    for (const store::Column& column : content.tables.at("metrics/epochs"))
      if (column.name == name) return std::get<std::vector<double>>(column.values);
    ADD_FAILURE() << "no column " << name;
    return {};
  }
};

// Four steps an epoch, two epochs: nothing in the first, something in the second.
TEST_F(FiguresTest, TellWhetherAMethodLeftItsWarmUp) {
  const std::map<std::string, std::string> counter = {{"solar", "selected"},
                                                      {"htc", "selected"},
                                                      {"pop", "cleared"},
                                                      {"pico", "steps_after_warmup"},
                                                      {"idgp", "steps_after_warmup"}};
  for (const auto& [method, name] : counter) {
    Stage stage = train(method);
    if (method == "pico" || method == "idgp" || method == "pop") stage.settings.set("warmup_epochs", 1);
    if (method == "pop") stage.settings.set("theta", 0.9);
    std::vector<double> counts = column(run(stage).content, name);
    ASSERT_EQ(counts.size(), 2u) << method;
    EXPECT_EQ(counts[0], 0) << method;
    EXPECT_GT(counts[1], 0) << method;
  }
}

TEST_F(FiguresTest, AreThoseOfMethodsThatHaveSome) {
  store::RunContent pop = run(train("pop")).content;
  EXPECT_THAT(column(pop, "theta"), testing::ElementsAre(1e-3, 1e-3)) << "still in its warm-up";
  store::RunContent cc = run(train("cc")).content;
  for (const store::Column& column : cc.tables.at("metrics/epochs"))
    EXPECT_THAT(column.name,
                testing::AnyOf("epoch", "loss", "learning_rate", testing::StartsWith("accuracy"), "f1_macro"));
  const store::Table& classes = cc.tables.at("metrics/classes");
  double mean = 0, samples = 0;
  for (const store::Column& column : classes) {
    if (column.name == "accuracy")
      for (double value : std::get<std::vector<double>>(column.values)) mean += value;
    if (column.name == "train_samples")
      for (std::int64_t count : std::get<std::vector<std::int64_t>>(column.values))
        samples += static_cast<double>(count);
  }
  EXPECT_NEAR(mean / 10, column(cc, "accuracy_class_mean").back(), 1e-12) << "of the last epoch";
  EXPECT_EQ(samples, 60) << "those that the stage trains on";
}

// Images of the model's size: without a margin all five crops are the image.
TEST_F(FiguresTest, LogitsOfAnEnsembleAreAveraged) {
  auto logits = [&](const std::string& kind, int expand) {
    Stage stage = train("cc");
    stage.settings.set("views.ensemble", kind);
    stage.settings.set("views.ensemble_expand", expand);
    return run(stage).trace.predictions.at("logits");
  };
  at::Tensor alone = logits("none", 0);
  EXPECT_TRUE(at::allclose(logits("five-crop", 0), alone, 1e-5, 1e-5));
  EXPECT_FALSE(at::allclose(logits("five-crop", 8), alone, 1e-3, 1e-3));
}

// Three members, drawn and put through the model by hand. Nothing is trained, so that the model is the backbone with
// its first head.
TEST_F(FiguresTest, LogitsOfRandomCropsAreAveraged) {
  Stage stage = train("cc");
  for (auto [key, value] : std::map<std::string, Value>{{"adapt", "linear-probe"},
                                                        {"head", "cosine"},
                                                        {"head_init", "random"},
                                                        {"train.lr", 0.0},
                                                        {"views.ensemble", "randaug"},
                                                        {"views.ensemble_times", 3}})
    stage.settings.set(key, value);
  Execution got = run(stage);

  model::Snapshot snapshot = snapshot_at(folder_ / "backbone.h5");
  auto tower = model::image_tower(snapshot, {at::kFloat, model::FeatureKind::embedding});
  data::Pixels pixels(folder_ / "cache");
  at::Tensor images = view::images(pixels.test()).expand({20, 28, 28, 3}).contiguous();
  view::Pipeline pipeline = view::Pipeline::named("rrc-flip", 28);
  at::Tensor rows = model::normalise_rows(got.trace.parameters.at("head.weight")), sum;
  for (std::uint64_t member = 0; member < 3; ++member) {
    std::vector<std::vector<view::Step>> steps;
    for (std::int64_t sample = 0; sample < 20; ++sample) {
      Stream stream =
          view::view_stream(static_cast<std::uint64_t>(stage.settings.integer("seed")), "rrc-flip", member, 0, sample);
      steps.push_back(pipeline.draw({28, 28}, stream));
      steps.back().push_back(view::Normalize{Preprocessing::from(snapshot).normalisation});
    }
    at::Tensor features = tower->rows(view::apply_each(images, steps, at::TensorOptions(at::kFloat))).features();
    at::Tensor logits = stage.settings.real("scale") * at::matmul(model::normalise_rows(features), rows.t());
    sum = sum.defined() ? sum + logits : logits;
  }
  EXPECT_TRUE(at::allclose(got.trace.predictions.at("logits"), sum / 3, 1e-4, 1e-4));
}

// A data set whose preset says corrupt = "skip".
TEST_F(FiguresTest, ImagesThatWereSkippedAreCounted) {
  auto skipped = [&] {
    store::RunContent content = run(train("cc")).content;
    std::vector<std::int64_t> found;
    for (const store::Column& column : content.tables.at("metrics/final"))
      if (column.name == "skipped_pictures") found = std::get<std::vector<std::int64_t>>(column.values);
    return found;
  };
  EXPECT_THAT(skipped(), testing::IsEmpty());
  SafeTensors cache(folder_ / "cache");
  auto metadata = cache.metadata();
  metadata["skipped"] = "3";
  write_safetensors(folder_ / "short", cache.tensors(), metadata);
  std::filesystem::rename(folder_ / "short", folder_ / "cache");
  EXPECT_THAT(skipped(), testing::ElementsAre(3));
}

}  // namespace
}  // namespace winnow::train
