// From scores to a selected subset to training on it; and that nothing that trains can reach the true labels.
#include "../../src/train/arrays.h"
#include "../../src/train/curves.h"
#include "../../src/train/loop.h"
#include "../../src/train/open_images.h"
#include "../../src/train/selected_subset.h"
#include "miniature.h"
#include "winnow/data/masks.h"
#include "winnow/method/mixture.h"
#include "winnow/method/registry.h"
#include "winnow/method/selections.h"
#include "winnow/model/head.h"
#include "winnow/sweep/plan.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

// A linear tower on images, and the toy's head.
struct Flat final : model::Architecture {
  struct Tower final : model::Tower {
    Tower() { weights_.add("A", at::linspace(-1, 1, 8 * 3 * 784, at::kDouble).sin().view({8, 3 * 784}), true); }
    std::int64_t width() const override { return 8; }
    model::Outputs rows(const at::Tensor& images) override {
      return {{"features", at::matmul(images.flatten(1), weights_.all()[0].use.t())}};
    }
  };
  std::unique_ptr<model::Tower> tower(std::string_view, model::TowerKind) override { return std::make_unique<Tower>(); }
  std::unique_ptr<model::Module> head(std::string_view name, model::HeadStart) const override {
    return model::cosine_head(std::string(name), at::linspace(-1, 1, 80, at::kDouble).sin().view({10, 8}), 5);
  }
};

double final_value(const store::RunContent& content, const std::string& name) {
  for (const store::Column& column : content.tables.at("metrics/final"))
    if (column.name == name) return std::get<std::vector<double>>(column.values).at(0);
  ADD_FAILURE() << "no " << name;
  return NAN;
}

class SelectionTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Stage noisy(const std::string& method, StageKind kind = StageKind::train) {
    Stage stage = train(method);
    stage.kind = kind;
    stage.settings.set("labels.kind", "symmetric");
    if (kind == StageKind::detect) stage.outputs.insert(Output::selection);
    return stage;
  }
  Stage score() {
    Stage stage;
    stage.kind = StageKind::score;
    for (const char* key : {"data.samples", "data.test_samples", "data.first", "data.last", "data.seed"})
      stage.settings.set(key, 0);
    stage.settings.set("dataset", "mini");
    stage.settings.set("template", "a photo of a {}.");
    stage.fingerprints["data"] = "f";
    stage.outputs = {Output::metrics, Output::scores};
    return stage;
  }
  Stage label_match() {
    Stage stage = noisy("ce", StageKind::detect);
    stage.settings.set("method", "label-match");
    return stage;
  }
};

TEST_F(SelectionTest, ScoresThenLabelMatchThenTraining) {
  Execution scores = run(score());
  EXPECT_EQ(scores.content.arrays.at("scores/logits").shape, (std::vector<std::size_t>{60, 10}));
  store::write_run_file(folder_ / "scores.h5", scores.content);
  Context with_scores = context();
  with_scores.inputs["scores"] = folder_ / "scores.h5";
  Execution selection = execute(label_match(), with_scores, *alone_, quiet_);
  EXPECT_EQ(selection.content.arrays.at("selection/mask").shape, (std::vector<std::size_t>{60}));
  EXPECT_EQ(final_value(selection.content, "selection_kept") * 60,
            tensor_of(selection.content.arrays.at("selection/mask")).sum().item<std::int64_t>());

  // Whatever the tiny model believed: a subset that holds something.
  at::Tensor mask = tensor_of(selection.content.arrays.at("selection/mask"));
  mask.narrow(0, 0, 30).fill_(1);
  selection.content.arrays["selection/mask"] = array_of(mask);
  store::write_run_file(folder_ / "selection.h5", selection.content);
  Stage learner = noisy("ce");
  learner.inputs["selection"] = {};
  Context with_selection = context();
  with_selection.inputs["selection"] = folder_ / "selection.h5";
  Execution cleaned = execute(learner, with_selection, *alone_, quiet_), uncleaned = run(noisy("ce"));
  EXPECT_NE(cleaned.content.result_digest(), uncleaned.content.result_digest());
}

TEST_F(SelectionTest, ADetectorWritesItsSubsetAndWhatBecameOfItInEveryEpoch) {
  for (const char* method : {"small-loss", "gmm"}) {
    store::RunContent content = run(noisy(method, StageKind::detect)).content;
    at::Tensor mask = tensor_of(content.arrays.at("selection/mask")),
               masks = tensor_of(content.arrays.at("selection/epochs/mask"));
    EXPECT_EQ(masks.sizes(), (at::IntArrayRef{2, 60})) << method;
    EXPECT_TRUE(at::equal(masks[1], mask)) << method;
    EXPECT_EQ(content.arrays.at("selection/score").shape, (std::vector<std::size_t>{60}));
    EXPECT_EQ(content.arrays.at("selection/label").bytes, content.arrays.at("labels/given").bytes) << method;
    EXPECT_NEAR(final_value(content, "selection_kept"), mask.to(at::kDouble).mean().item<double>(), 1e-12) << method;
  }
  Stage stage = noisy("ce", StageKind::detect);
  EXPECT_THAT(refusal(stage, context()), HasSubstr("method ce selects nothing"));
}

// The selection of another program (winnow data masks).
TEST_F(SelectionTest, ARecordedMaskSelects) {
  ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
  data::Record dataset;
  dataset.name = "mini";
  dataset.fingerprint = "f";
  dataset.train = 60;
  std::vector<double> values(60);
  for (std::size_t i = 0; i < 60; ++i) values[i] = i % 3 == 0;
  const std::vector<std::size_t> shape{60};
  Stage stage = noisy("ce", StageKind::detect);
  stage.settings.set("method", "file");
  stage.settings.set("data.samples", 30);
  stage.fingerprints["mask"] = data::record_mask("theirs", dataset, values, shape).fingerprint;
  store::RunContent content = run(stage).content;
  at::Tensor samples = tensor_of(content.arrays.at("selection/samples")),
             mask = tensor_of(content.arrays.at("selection/mask"));
  EXPECT_EQ(samples.size(0), 30);
  EXPECT_TRUE(at::equal(mask.to(at::kBool), samples.remainder(3) == 0)) << "of the samples that the stage has";
  EXPECT_EQ(content.arrays.at("selection/label").bytes, content.arrays.at("labels/given").bytes);
  EXPECT_GT(final_value(content, "selection_precision"), 0);
  dataset.fingerprint = "another state of the files";
  stage.fingerprints["mask"] = data::record_mask("older", dataset, values, shape).fingerprint;
  EXPECT_THAT(refusal(stage, context()), HasSubstr("this mask is of another data set, or of another state of it"));
}

struct Notes final : Observer {
  std::vector<std::string> all;
  void note(const std::string& text) override { all.push_back(text); }
};

// Counted in the run file, said to the person who watches, and refused where the experiment says so.
TEST_F(SelectionTest, ClassesWithoutASelectedSampleAreCountedSaidAndRefusedOnRequest) {
  ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
  data::Record dataset;
  dataset.name = "mini";
  dataset.fingerprint = "f";
  dataset.train = 60;
  Stage learner = train("ce");
  learner.settings.set("labels.kind", "clean");
  learner.settings.set("train.epochs", 1);
  learner.inputs["selection"] = {};
  struct Case {
    std::function<bool(std::size_t)> keeps;  // sample i is of class i % 10
    double empty;
    std::string said;
  };
  const std::vector<Case> cases = {{[](std::size_t) { return true; }, 0, ""},
                                   {[](std::size_t i) { return i >= 20 && i % 10 != 3 && i % 10 != 7; }, 2,
                                    "2 of 10 classes have no selected sample: 'd', 'h'"},
                                   {[](std::size_t i) { return i % 10 == 9; }, 9,
                                    "9 of 10 classes have no selected sample: 'a', 'b', 'c', 'd', 'e', ..."}};
  for (std::size_t number = 0; number < cases.size(); ++number) {
    const Case& own = cases[number];
    std::vector<double> values(60);
    for (std::size_t i = 0; i < 60; ++i) values[i] = own.keeps(i);
    const std::vector<std::size_t> shape{60};
    Stage stage = noisy("ce", StageKind::detect);
    stage.settings.set("method", "file");
    stage.settings.set("labels.kind", "clean");
    stage.fingerprints["mask"] =
        data::record_mask("theirs" + std::to_string(number), dataset, values, shape).fingerprint;
    Notes notes;
    store::RunContent content = execute(stage, context(), *alone_, notes).content;
    EXPECT_EQ(final_value(content, "selection_empty_classes"), own.empty);
    std::vector<std::string> expected;
    if (!own.said.empty()) expected.push_back(own.said);
    EXPECT_EQ(notes.all, expected) << number;
    Path file = folder_ / fmt::format("selection{}.h5", number);
    store::write_run_file(file, content);
    Context with_selection = context();
    with_selection.inputs["selection"] = file;
    learner.settings.set("empty_classes", "refuse");
    if (own.empty > 0) {
      EXPECT_EQ(refusal(learner, with_selection),
                fmt::format("empty_classes = refuse: {} ({})", own.said, file.string()));
      learner.settings.set("empty_classes", "count");
      EXPECT_NO_THROW(execute(learner, with_selection, *alone_, quiet_)) << "a model can be trained on the others";
    } else {
      EXPECT_NO_THROW(execute(learner, with_selection, *alone_, quiet_));
    }
  }
}

// A model whose every prediction is another label: the detector's result is legal, and says what it is.
TEST_F(SelectionTest, ADetectorThatKeepsNothingSaysSo) {
  Execution scores = run(score());
  at::Tensor others = (at::arange(60, at::kLong) + 1).remainder(10);
  scores.content.arrays["scores/logits"] = array_of(at::one_hot(others, 10).to(at::kFloat));
  store::write_run_file(folder_ / "scores.h5", scores.content);
  Context with_scores = context();
  with_scores.inputs["scores"] = folder_ / "scores.h5";
  Stage stage = label_match();
  stage.settings.set("labels.kind", "clean");
  Notes notes;
  store::RunContent content = execute(stage, with_scores, *alone_, notes).content;
  EXPECT_EQ(final_value(content, "selection_kept"), 0);
  EXPECT_EQ(final_value(content, "selection_empty_classes"), 10);
  EXPECT_THAT(notes.all, testing::ElementsAre("the selection keeps none of 60 samples"));
}

// A method that selects while it trains counts in every epoch, and says what came out.
TEST_F(SelectionTest, AMethodThatSelectsItselfIsNeverSilentlyEmpty) {
  Stage stage = noisy("small-loss");
  stage.settings.set("forget_rate", 1.0);
  stage.settings.set("warmup_epochs", 1);
  Notes notes;
  store::RunContent content = execute(stage, context(), *alone_, notes).content;
  EXPECT_EQ(final_value(content, "selection_kept"), 0);
  EXPECT_EQ(final_value(content, "selection_empty_classes"), 10);
  EXPECT_THAT(notes.all, testing::ElementsAre("the selection keeps none of 60 samples"));
  for (const store::Column& column : content.tables.at("metrics/epochs")) {
    if (column.name != "selection_empty_classes") continue;
    EXPECT_THAT(std::get<std::vector<double>>(column.values), testing::ElementsAre(0, 10))
        << "nothing is forgotten in the warm-up, then all";
  }
}

TEST_F(SelectionTest, BadInputsAreNamed) {
  Stage learner = noisy("ce");
  learner.inputs["selection"] = {};
  EXPECT_THAT(refusal(learner, context()), HasSubstr("the context names no run file for the input 'selection'"));
  Context wrong = context();
  wrong.inputs["selection"] = folder_ / "backbone.h5";
  EXPECT_THAT(refusal(learner, wrong), HasSubstr("backbone.h5 holds no selection/samples: it selects nothing"));

  store::RunContent content = run(noisy("gmm", StageKind::detect)).content;
  store::RunContent empty = content, others = content;
  at::Tensor mask = tensor_of(content.arrays.at("selection/mask"));
  empty.arrays["selection/mask"] = array_of(at::zeros_like(mask));
  store::write_run_file(folder_ / "empty.h5", empty);
  wrong.inputs["selection"] = folder_ / "empty.h5";
  EXPECT_THAT(refusal(learner, wrong), HasSubstr("empty.h5 keeps none of 60 samples: nothing is left to train on"));
  others.arrays["selection/samples"] = array_of(tensor_of(content.arrays.at("selection/samples")) + 1);
  store::write_run_file(folder_ / "others.h5", others);
  wrong.inputs["selection"] = folder_ / "others.h5";
  EXPECT_THAT(refusal(learner, wrong), HasSubstr("others.h5 selects among other samples than this stage trains on"));
  wrong.inputs["scores"] = folder_ / "backbone.h5";
  EXPECT_THAT(refusal(label_match(), wrong), HasSubstr("backbone.h5 holds no scores"));
}

// What a stage's identity names is what its computation reads: neither more (results would be recomputed for nothing)
// nor less (different results would share an identity). Shown on the stages that the recipes make.
TEST_F(SelectionTest, EveryStageOfTheRecipesReadsExactlyItsSettings) {
  catalogue_.fingerprints = {{"fashion-mnist", "f"}};
  std::string text =
      "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\nlabels = { kind = \"symmetric\", rate "
      "= 0.4 }\n"
      "train = { epochs = 1, batch = 20 }\ndata = { first = 0 }\n[[grid]]\nmethod = [\"detect-train\"]\n"
      "detect = [{ method = \"label-match\" }, { method = \"small-loss\" }, { method = \"gmm\", warmup_epochs = 0 }]\n";
  write_file_atomically(folder_ / "s.toml", text);
  sweep::Plan plan = sweep::Plan::read(folder_ / "s.toml", catalogue_);
  Context context = this->context();
  context.data["fashion-mnist"] = folder_ / "cache";
  std::map<Identity, Path> files{{plan.nodes()[0].identity, folder_ / "backbone.h5"}};
  for (std::uint32_t i = 1; i < plan.nodes().size(); ++i) {
    Stage stage = plan.stage(i);
    for (const auto& [name, input] : stage.inputs) context.inputs[name] = files.at(input.stage);
    Execution done = execute(stage, context, *alone_, quiet_);
    std::set<std::string> read = stage.settings.read();
    std::string label(plan.nodes()[i].label);
    for (const auto& [key, value] : stage.settings.all())
      EXPECT_TRUE(read.count(key) || key == "model" || (key == "seed" && label == "detect"))
          << label << " never reads " << key;
    if (done.content.arrays.count("selection/mask")) {  // whatever was believed: something to train on
      at::Tensor mask = tensor_of(done.content.arrays.at("selection/mask"));
      done.content.arrays["selection/mask"] = array_of(at::ones_like(mask));
    }
    Path file = folder_ / (stage.identity().hex() + ".h5");
    store::write_run_file(file, done.content);
    files[stage.identity()] = file;
  }
}

// The given labels stay, the true ones become garbage: no loss and no selection may change.
TEST_F(SelectionTest, GarbageForTrueLabelsChangesNoLossAndNoSelection) {
  for (const char* name : {"ce", "small-loss", "gmm"}) {
    Stage stage = noisy(name);
    stage.settings.set("train.precision", "fp64");
    auto train_with = [&](bool garbage) {
      auto [opened, oracle] = open_images(stage, context(),
                                          {.normalisation = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
                                           .image_size = 28,
                                           .real = at::TensorOptions(at::kDouble),
                                           .labels = true,
                                           .training = true,
                                           .views = StageViews::from(stage.settings)});
      ImageSource& source = *opened;
      if (garbage) oracle = Oracle(at::zeros_like(oracle.labels("train")), at::zeros_like(oracle.labels("test")));
      Flat architecture;
      method::Facts facts{&stage.settings,      source.epochs(),  source.steps_per_epoch(),      source.batch(),
                          source.size("train"), source.classes(), at::TensorOptions(at::kDouble)};
      Engine engine(facts, source, architecture, *alone_);
      Checkpoint checkpoint(stage, context(), *alone_, quiet_);
      Curves curves;
      auto method = method::make_method(name);
      double accuracy_seen = 0;
      const at::Tensor truth_of_test = oracle.labels("test");
      train_loop(*method, name, engine, source, {*alone_, quiet_, checkpoint}, curves, [&] {
        accuracy_seen = accuracy(predict_all(*method, engine, "test"), truth_of_test);
        return std::map<std::string, double>{{"accuracy", accuracy_seen}};
      });
      at::Tensor mask = engine.has_state("mask") ? engine.states().at("mask") : at::zeros({1});
      return std::tuple{engine.logged().at("loss"), mask, accuracy_seen};
    };
    auto [loss, mask, right] = train_with(false);
    auto [loss_too, mask_too, wrong] = train_with(true);
    EXPECT_TRUE(at::equal(loss, loss_too)) << name;
    EXPECT_TRUE(at::equal(mask, mask_too)) << name;
    EXPECT_NE(right, wrong) << name << ": the oracle reaches the evaluation alone";
  }
}

TEST(SmallLosses, TiesGoToTheSmallerId) {
  at::Tensor losses = at::tensor({1.0, 1.0, 1.0, 0.5}), ids = at::tensor({9, 3, 5, 7}, at::kLong);
  EXPECT_TRUE(at::equal(method::small_losses(losses, ids, 0.5), at::tensor({0, 1, 0, 1}, at::kByte)));
  EXPECT_EQ(method::small_losses(losses, ids, 1.0).sum().item<std::int64_t>(), 0);
}

TEST(ForgetRate, RampsOverTheWarmUp) {
  EXPECT_EQ(method::forget_rate(0, 1, 0.4), 0);
  EXPECT_EQ(method::forget_rate(1, 1, 0.4), 0.4);
  EXPECT_DOUBLE_EQ(method::forget_rate(1, 3, 0.4), 0.2);
  EXPECT_EQ(method::forget_rate(0, 0, 0.4), 0.4);
}

TEST(Mixture, SeparatesTwoHeapsAndSurvivesEqualValues) {
  Stream stream = Streams(3, "test").at(0, 0);
  at::Tensor values = at::cat({at::full({30}, 0.1, at::kDouble), at::full({10}, 0.9, at::kDouble)});
  auto mixture = method::Mixture::fit(values, method::two_means(values, stream), {10, 1e-2, 5e-4});
  EXPECT_TRUE(at::equal(mixture.posterior > 0.5, values < 0.5));
  at::Tensor equal = at::zeros({5}, at::kDouble);
  EXPECT_TRUE(at::isfinite(method::Mixture::fit(equal, method::two_means(equal, stream), {10, 1e-2, 5e-4}).posterior)
                  .all()
                  .item<bool>());
}

}  // namespace
}  // namespace winnow::train
