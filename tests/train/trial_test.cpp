// Trials: a few steps of a stage as it is, marked as no result.
#include "winnow/train/trial.h"

#include "../../src/train/loop.h"
#include "miniature.h"
#include "winnow/train/engine.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Counting final : public Observer {
 public:
  std::int64_t steps = 0, stop_after = -1;
  bool report_wanted(std::int64_t, std::int64_t) override { return ++steps > 0; }
  bool stop_wanted() override { return steps == stop_after; }
};

class TrialTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Context trial() {
    Context result = context();
    result.trial = true;
    return result;
  }
  Execution tried(const Stage& stage) { return execute(stage, trial(), *alone_, quiet_); }
  Stage stage_of(const std::string& method) {
    Stage stage = train(method);
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    return stage;
  }
};

std::map<std::string, std::vector<std::size_t>> shapes(const store::RunContent& content) {
  std::map<std::string, std::vector<std::size_t>> result;
  for (const auto& [name, array] : content.arrays) result[name] = array.shape;
  return result;
}

std::set<std::string> columns(const store::RunContent& content) {
  std::set<std::string> result;
  for (const store::Column& column : content.tables.at("metrics/final")) result.insert(column.name);
  return result;
}

// All that a later stage could ask for is there, in its shape.
TEST_F(TrialTest, EveryMethodIsTriedWithAllItsPartsAndSaysWhatTheWholeTakes) {
  std::vector<Stage> stages{pretrain()};
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;
    stages.push_back(stage_of(name));
    stages.back().settings.set("adapt", "linear-probe");
    stages.back().outputs = {Output::metrics, Output::labels, Output::predictions, Output::weights};
    if (stages.back().settings.has("warmup_epochs")) stages.back().settings.set("warmup_epochs", 1);
  }
  for (const Stage& stage : stages) {
    std::string name = stage.settings.has("method") ? stage.settings.text("method") : "pretrain";
    Execution whole = run(stage), trial = tried(stage);
    EXPECT_FALSE(whole.content.trial || whole.trial) << name;
    EXPECT_TRUE(trial.content.trial) << name;
    ASSERT_TRUE(trial.trial) << name;
    EXPECT_EQ(shapes(trial.content), shapes(whole.content)) << name;
    EXPECT_EQ(columns(trial.content), columns(whole.content)) << name;
    EXPECT_EQ(trial.content.stage.identity(), whole.content.stage.identity()) << name;
    EXPECT_EQ(trial.trial->epochs, stage.settings.integer("train.epochs"));
    EXPECT_EQ(trial.trial->steps_per_epoch, name == "pretrain" ? 3 : 4) << name;
    for (double seconds :
         {trial.trial->first_step, trial.trial->later_step, trial.trial->evaluation, trial.trial->once})
      EXPECT_GT(seconds, 0) << name;
  }
}

TEST_F(TrialTest, FewStepsAreTakenWhateverTheStageHas) {
  Stage stage = train("proden");
  stage.settings.set("train.epochs", 50);
  stage.settings.set("train.batch", 7);  // eight batches and one of four samples
  Counting counting;
  Execution result = execute(stage, trial(), *alone_, counting);
  EXPECT_LE(counting.steps, 8) << "three and the short one, of the first epoch and of the last";
  EXPECT_GE(counting.steps, 4);
  EXPECT_EQ(result.trial->steps_per_epoch, 9);
  EXPECT_EQ(result.trial->epochs, 50);
}

TEST_F(TrialTest, ItsFileIsAnInputOfTrialsAlone) {
  std::filesystem::remove(folder_ / "backbone.h5");
  store::write_run_file(folder_ / "backbone.h5", tried(pretrain()).content);
  EXPECT_THAT(refusal(train("cc")), AllOf(HasSubstr("backbone.h5"), HasSubstr("was written by a trial")));
  EXPECT_TRUE(tried(train("cc")).content.trial);
}

TEST_F(TrialTest, WhatItSelectsIsEverything) {
  Stage detect = stage_of("small-loss");
  detect.kind = StageKind::detect;
  detect.outputs.insert(Output::selection);
  store::write_run_file(folder_ / "detect.h5", tried(detect).content);
  store::Array mask =
      store::read_run_file(folder_ / "detect.h5", true, store::Accept::trials_too).arrays.at("selection/mask");
  EXPECT_EQ(std::count(mask.bytes.begin(), mask.bytes.end(), std::byte{1}), 60);
}

TEST_F(TrialTest, FindsWhatTheStageWouldFindLater) {
  Stage stage = train("cc");
  stage.settings.set("train.batch", 61);
  EXPECT_THAT(refusal(stage, trial()), HasSubstr("train.batch = 61 is larger than the 60 training samples"));
  stage = train("cc");
  stage.settings.set(
      "template",
      "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen {}");
  EXPECT_THAT(refusal(stage, trial()), testing::Not("accepted"));
  stage = train("cc");
  stage.settings.set("train.lr", 1e30);
  EXPECT_THAT(refusal(stage, trial()), HasSubstr("the loss is not finite"));
  store::RunContent broken = store::read_run_file(folder_ / "backbone.h5");
  broken.arrays.erase("weights/visual_projection.weight");
  std::filesystem::remove(folder_ / "backbone.h5");
  store::write_run_file(folder_ / "backbone.h5", broken);
  EXPECT_THAT(refusal(train("cc"), trial()), HasSubstr("tensor 'visual_projection.weight' is missing"));
}

// The step that it names is the stage's, with the samples that the stage has there.
TEST_F(TrialTest, NamesTheStepThatFails) {
  Stage stage = train("cc");
  stage.settings.set("train.lr", 1e30);
  EXPECT_EQ(refusal(stage, trial()), refusal(stage));
}

// Of a pass over 1,200 rows the engine computes the 500 of the first piece.
TEST(Trial, AnEvaluationComputesAFirstPiece) {
  struct Rows final : Source {
    at::Tensor given_ = at::zeros({1200}, at::kLong);
    std::map<std::string, at::Tensor> none_;
    std::int64_t asked = 0;
    std::int64_t classes() const override { return 2; }
    std::int64_t size(const std::string&) const override { return 1200; }
    std::int64_t epochs() const override { return 1; }
    std::int64_t steps_per_epoch() const override { return 1; }
    std::int64_t batch() const override { return 4; }
    at::Tensor inputs(const std::string&, const std::string&, const at::Tensor& ids, std::int64_t) override {
      asked += ids.size(0);
      return ids.to(at::kDouble).unsqueeze(1);
    }
    std::vector<Batch> batches(std::int64_t) override { return {{at::arange(4), at::zeros({4}, at::kLong)}}; }
    const at::Tensor& given() override { return given_; }
    const at::Tensor& candidates() override { return given_; }
    const std::map<std::string, at::Tensor>& handed_over() const override { return none_; }
  } source;
  struct Plain final : model::Architecture {
    struct Tower final : model::Tower {
      std::int64_t width() const override { return 1; }
      model::Outputs rows(const at::Tensor& inputs) override { return {{"features", inputs}}; }
    };
    std::unique_ptr<model::Tower> tower(std::string_view, model::TowerKind) override {
      return std::make_unique<Tower>();
    }
  } plain;
  struct Features final : method::Method {
    void setup(method::Setup& setup) override { setup.network("main", method::TowerKind::image); }
    void step(method::Step&) override {}
    method::Outputs predict(method::Forward& forward) override {
      return forward.forward("main", "plain", forward.ids());
    }
  } method;
  Settings settings;
  auto alone = comm::alone();
  Engine engine({&settings, 1, 1, 4, 1200, 2, at::TensorOptions(at::kDouble)}, source, plain, *alone);
  engine.set_up(method);
  EXPECT_TRUE(
      at::equal(predict_all(method, engine, "test").at("features").flatten(), at::arange(1200).to(at::kDouble)));
  EXPECT_EQ(source.asked, 1200);
  engine.sample_passes();
  at::Tensor rows = predict_all(method, engine, "test").at("features").flatten();
  EXPECT_EQ(source.asked, 1700);
  EXPECT_EQ(rows.size(0), 1200);
  EXPECT_EQ(rows[1199].item<double>(), 199);
  EXPECT_EQ(engine.take_sampled_rows().asked, 1200);
  engine.begin_step(0);  // a step's rows are all computed
  EXPECT_EQ(engine.forward("main", std::string("weak"), method::Ids::range(0, 700, at::kCPU), false, "train")
                .features()[699]
                .item<double>(),
            699);
  engine.end_step();
}

TEST_F(TrialTest, KeepsNoCheckpointAndStops) {
  Context context = trial();
  context.checkpoint = folder_ / "checkpoint";
  EXPECT_THAT(refusal(train("cc"), context), HasSubstr("a trial keeps no checkpoint"));
  EXPECT_FALSE(std::filesystem::exists(context.checkpoint));
  Counting stopping;
  stopping.stop_after = 2;
  EXPECT_THROW(execute(train("cc"), trial(), *alone_, stopping), Stopped);
}

TEST(Trial, TheWholeIsExtrapolated) {
  Trial trial{.first_step = 1,
              .later_step = 2,
              .first_passes = 10,
              .later_passes = 20,
              .evaluation = 5,
              .once = 100,
              .spent = 0,
              .steps_per_epoch = 10,
              .epochs = 3};
  EXPECT_DOUBLE_EQ(trial.whole(), 100 + (10 + 10 + 5) + 2 * (20 + 20 + 5));
  trial.epochs = 0;
  EXPECT_DOUBLE_EQ(trial.whole(), 100);
  EXPECT_DOUBLE_EQ((SampledRows{500, 5000, 3}.whole(4)), 1 + 30);
  EXPECT_DOUBLE_EQ((SampledRows{0, 0, 0}.whole(4)), 4);
}

TEST(Trial, RowsAreRepeated) {
  at::Tensor rows = at::arange(6).view({3, 2});
  EXPECT_TRUE(at::equal(repeated(rows, 5).select(1, 0), at::tensor({0, 2, 4, 0, 2}, at::kLong)));
  EXPECT_TRUE(at::equal(repeated(rows, 3), rows));
  EXPECT_EQ(repeated(rows, 0).sizes(), (std::vector<std::int64_t>{0, 2}));
}

TEST(Trial, OfAllRowsTheFirstPieceIsComputed) {
  std::vector<std::int64_t> asked;
  auto piece = [&](std::int64_t first, std::int64_t count) {
    asked.push_back(count);
    return at::arange(first, first + count);
  };
  EXPECT_TRUE(at::equal(all_rows(7, 3, nullptr, piece), at::arange(7)));
  EXPECT_EQ(asked, (std::vector<std::int64_t>{3, 3, 1}));
  asked.clear();
  Trial trial;
  EXPECT_TRUE(at::equal(all_rows(7, 3, &trial, piece), at::tensor({0, 1, 2, 0, 1, 2, 0}, at::kLong)));
  EXPECT_EQ(asked, (std::vector<std::int64_t>{3}));
  EXPECT_GE(trial.once, trial.spent);
}

}  // namespace
}  // namespace winnow::train
