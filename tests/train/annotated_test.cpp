// Labels that people gave on their way to training, and the validation split.
#include "../../src/train/arrays.h"
#include "../../src/train/handover.h"
#include "../../src/train/open_images.h"
#include "miniature.h"
#include "winnow/data/label_set.h"
#include "winnow/label/long_tail.h"
#include "winnow/train/evaluation.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class AnnotatedTest : public Miniature {
 protected:
  // Sample i has class i mod 10. A third of the given labels, and of the sets, are wrong; so are those of every
  // validation sample.
  void SetUp() override {
    Miniature::SetUp();
    ::setenv("WINNOW_CACHE", (folder_ / "own-cache").c_str(), 1);
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
    make_folders(folder_ / "labels");
    std::vector<std::int64_t> truth, given;
    std::vector<std::uint8_t> sets(600, 0);
    for (std::size_t i = 0; i < 60; ++i) {
      truth.push_back(static_cast<std::int64_t>(i % 10));
      given.push_back(static_cast<std::int64_t>((i % 3 ? i : i + 1) % 10));
      sets[i * 10 + static_cast<std::size_t>(given.back())] = sets[i * 10 + (i + 5) % 10] = 1;
    }
    write_safetensors(folder_ / "labels/worst.safetensors",
                      {{"given", {"I64", {60}, std::as_bytes(std::span(given))}}});
    write_safetensors(folder_ / "labels/vaguest.safetensors",
                      {{"candidates", {"U8", {60, 10}, std::as_bytes(std::span(sets))}}});
    std::string name = "mini", print = "f";
    sets_ = data::keep_label_sets(folder_, {name, print, truth, 10});
  }
  Stage annotated(const std::string& method, const std::string& set) {
    Stage stage = train(method);
    for (const char* key : {"labels.rate", "labels.seed"}) stage.settings.erase(key);
    stage.settings.set("labels.kind", "annotated");
    stage.settings.set("labels.set", set);
    if (auto found = sets_.find(set); found != sets_.end()) stage.fingerprints["labels"] = found->second.fingerprint;
    return stage;
  }
  static at::Tensor array(const store::RunContent& content, const std::string& name) {
    return tensor_of(content.arrays.at(name));
  }
  static std::map<std::string, double> figures(const store::RunContent& content) {
    std::map<std::string, double> result;
    for (const store::Column& column : content.tables.at("metrics/final"))
      if (const auto* values = std::get_if<std::vector<double>>(&column.values)) result[column.name] = values->at(0);
    return result;
  }
  std::map<std::string, data::LabelSet> sets_;
};

TEST_F(AnnotatedTest, GivenLabelsAreTheFilesRowsOfTheChosenSamples) {
  Stage stage = annotated("ce", "worst");
  stage.settings.set("data.samples", 30);
  store::RunContent content = run(stage).content;
  at::Tensor samples = array(content, "labels/samples");
  EXPECT_EQ(samples.size(0), 30);
  EXPECT_TRUE(at::equal(array(content, "labels/given"),
                        at::where(samples.remainder(3) == 0, samples + 1, samples).remainder(10)));
  EXPECT_FALSE(content.confusion.empty()) << "the true labels are known";
  Stage partial = annotated("cc", "worst");
  EXPECT_TRUE(run(partial).content.arrays.count("labels/given")) << "singletons for a method of partial labels";
}

// Nothing that a method which is a program is handed depends on what the true labels are.
TEST_F(AnnotatedTest, TrueLabelsAreNotHandedOver) {
  auto handed = [&](const std::string& method, const std::string& set) {
    std::filesystem::remove_all(folder_ / "own-cache/handover");
    Stage stage = annotated(method, set);
    auto [source, oracle] = open_images(stage, context(), {.labels = true});
    Folder own;
    hand_over(stage, context(), *source, own);
    std::string all;
    for (const char* file : {"labels.safetensors", "inputs.safetensors", "stage.json"}) all += read_file(own / file);
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "own-cache/handover"))
      all += read_file(entry.path());
    return all;
  };
  std::string given = handed("ce", "worst"), sets = handed("proden", "vaguest");
  write_cache([](std::int64_t label) { return (label * 3 + 1) % 10; },
              R"(["z","y","x","w","v","u","t","s","r","q"])");  // folders of other names
  EXPECT_EQ(handed("ce", "worst"), given);
  EXPECT_EQ(handed("proden", "vaguest"), sets);
}

TEST_F(AnnotatedTest, CandidateSetsMayMissTheTrueLabel) {
  store::RunContent content = run(annotated("proden", "vaguest")).content;
  at::Tensor sets = array(content, "labels/candidates").to(at::kLong);
  EXPECT_EQ(sets.sizes(), (std::vector<std::int64_t>{60, 10}));
  EXPECT_EQ(sets.sum(1).min().item<std::int64_t>(), 2);
  EXPECT_EQ(sets[3][3].item<std::int64_t>(), 0);
  EXPECT_EQ(sets[3][4].item<std::int64_t>(), 1);
  EXPECT_GE(figures(content).at("accuracy"), 0);
}

// docs/methods/partial-labels.md#1.5: the split of the reference code, its order included; the same samples whatever
// the labels are.
TEST_F(AnnotatedTest, ValidationSamplesAreSetAsideAndMeasured) {
  Stage stage = annotated("cc", "vaguest");
  stage.settings.set("data.validation", 0.1);
  stage.settings.set("data.validation_seed", 1003224347);
  stage.settings.set("data.law", "numpy-legacy");
  Execution done = run(stage);
  label::NumpyLegacy random(1003224347);
  label::Split split = label::validation_split(60, 0.1, random);
  EXPECT_EQ(split.validation.size(), 6u);
  EXPECT_TRUE(at::equal(array(done.content, "labels/samples"), at::tensor(split.train, at::kLong)));
  auto found = figures(done.content);
  for (const char* name :
       {"validation_accuracy", "validation_covering", "validation_approximated", "accuracy_validation"}) {
    ASSERT_TRUE(found.count(name)) << name;
    EXPECT_GE(found.at(name), 0);
    EXPECT_LE(found.at(name), 1);
  }
  EXPECT_LE(found.at("validation_approximated"), found.at("validation_covering"))
      << "a probability at most 1 where the prediction is covered";
  EXPECT_FALSE(figures(run(annotated("cc", "vaguest")).content).count("accuracy_validation"));

  stage.settings.set("data.law", "stream");
  at::Tensor own = array(run(stage).content, "labels/samples");
  EXPECT_EQ(own.size(0), 54);
  EXPECT_TRUE((own.slice(0, 1) > own.slice(0, 0, -1)).all().item<bool>()) << "ascending";

  stage.settings.set("data.validation", 0.01);
  EXPECT_THAT(refusal(stage), HasSubstr("data.validation = 0.01 of 60 training samples is not one sample"));
}

// Where the data set's own labels are the noisy ones, nobody knows true ones: no figure pretends to.
TEST_F(AnnotatedTest, OwnLabelsLeaveNoTruth) {
  Stage stage = annotated("gmm", "own");
  stage.settings.set("data.validation", 0.1);
  store::RunContent content = run(stage).content;
  at::Tensor samples = array(content, "labels/samples");
  EXPECT_TRUE(at::equal(array(content, "labels/given"), samples.remainder(10)));
  auto found = figures(content);
  EXPECT_TRUE(content.confusion.empty());
  EXPECT_TRUE(found.count("selection_kept"));
  EXPECT_TRUE(found.count("validation_agreement"));
  for (const char* name : {"selection_precision", "selection_recall", "validation_accuracy"})
    EXPECT_FALSE(found.count(name)) << name;
  EXPECT_TRUE(figures(run(annotated("gmm", "worst")).content).count("selection_precision"));
}

TEST_F(AnnotatedTest, EverySettingIsRead) {
  Stage stage = annotated("proden", "vaguest");
  run(stage);
  std::set<std::string> read = stage.settings.read();
  for (const char* key : {"labels.kind", "labels.set", "data.validation", "data.validation_seed"})
    EXPECT_TRUE(read.count(key)) << key;
}

TEST_F(AnnotatedTest, BadInputsAreNamed) {
  Stage absent = annotated("ce", "worst");
  absent.fingerprints["labels"] = "00000000000000000000000000000000";
  EXPECT_THAT(refusal(absent), HasSubstr("labels of fingerprint 0000"));
  Path file = data::label_set_path(sets_.at("worst").fingerprint);
  std::string bytes = read_file(file);
  bytes.back() ^= 1;
  write_file_atomically(file, bytes);
  EXPECT_THAT(refusal(annotated("ce", "worst")), HasSubstr("is damaged: run winnow data check"));
  std::string name = "mini", other = "g";
  std::vector<std::int64_t> truth(60, 0);
  Stage foreign = annotated("ce", "worst");
  foreign.fingerprints["labels"] = data::keep_label_sets(folder_, {name, other, truth, 10}).at("worst").fingerprint;
  EXPECT_THAT(refusal(foreign), HasSubstr("these labels are of another data set"));
}

TEST(CandidateFigures, ByHand) {
  model::Outputs outputs;
  outputs.all().emplace_back("logits", at::tensor({2., 1., 0., 0., 3., 0.}, at::kDouble).view({2, 3}));
  at::Tensor sets = at::tensor({1, 1, 0, 1, 0, 1}, at::kByte).view({2, 3});
  EXPECT_DOUBLE_EQ(covering_rate(outputs, sets), 0.5);
  EXPECT_NEAR(approximated_accuracy(outputs, sets), 0.5 / (1 + std::exp(-1.)), 1e-12)
      << "softmax of (2, 1), and 0 for a prediction outside";
}

}  // namespace
}  // namespace winnow::train
