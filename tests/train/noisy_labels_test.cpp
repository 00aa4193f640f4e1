// Noisy labels on their way to training, and what a run file says of them.
#include <ATen/Parallel.h>

#include "../../src/train/arrays.h"
#include "../../src/train/instance_labels.h"
#include "miniature.h"
#include "winnow/core/stream.h"
#include "winnow/data/label_set.h"
#include "winnow/data/pixels.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class NoisyLabels : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  Stage noisy(const std::string& kind) {
    Stage stage = train("ce");
    stage.settings.set("labels.kind", kind);
    stage.settings.set("labels.map", "cifar10");
    stage.settings.set("train.epochs", 1);
    return stage;
  }
  // Labels that people gave, a third of them wrong, in a file beside the images; the fingerprint.
  std::string labels_of_people() {
    ::setenv("WINNOW_CACHE", folder_.path().c_str(), 1);
    std::filesystem::create_directories(folder_ / "labels");
    std::vector<std::int64_t> truth, given;
    for (std::int64_t i = 0; i < 60; ++i) truth.push_back(i % 10), given.push_back((i % 10 + (i % 3 == 0)) % 10);
    write_safetensors(folder_ / "labels/people.safetensors",
                      {{"given", {"I64", {60}, std::as_bytes(std::span(given))}}}, {});
    const std::string dataset = "mini", print = "f";
    return data::keep_label_sets(folder_.path(), {dataset, print, truth, 10}).at("people").fingerprint;
  }
  static at::Tensor given(const store::RunContent& content) { return tensor_of(content.arrays.at("labels/given")); }
};

TEST_F(NoisyLabels, EveryKindReachesTheMethod) {
  for (const char* kind : {"symmetric", "asymmetric", "pairflip", "structured", "instance"}) {
    at::Tensor own = given(run(noisy(kind)).content), truth = at::arange(60, at::kLong).remainder(10);
    EXPECT_FALSE(at::equal(own, truth)) << kind;
    EXPECT_GE((own == truth).sum().item<std::int64_t>(), 30) << kind;
    EXPECT_TRUE(at::equal(own, given(run(noisy(kind)).content))) << kind;
    Stage other = noisy(kind);
    other.settings.set("labels.seed", 7);
    EXPECT_FALSE(at::equal(own, given(run(other).content))) << kind;
  }
}

// The run file says how the given labels differ, beside the result and not in its digest.
TEST_F(NoisyLabels, TheConfusionIsCounted) {
  for (const char* kind : {"symmetric", "instance"}) {
    store::RunContent content = run(noisy(kind)).content;
    at::Tensor truth = at::arange(60, at::kLong).remainder(10), own = given(content);
    ASSERT_EQ(content.confusion.size(), 3u) << kind;
    auto column = [&](std::size_t i) { return std::get<std::vector<std::int64_t>>(content.confusion[i].values); };
    std::int64_t all = 0;
    for (std::size_t i = 0; i < column(0).size(); ++i) {
      EXPECT_EQ(((truth == column(0)[i]).logical_and(own == column(1)[i])).sum().item<std::int64_t>(), column(2)[i]);
      all += column(2)[i];
    }
    EXPECT_EQ(all, 60);
  }
  Stage clean = noisy("clean");
  EXPECT_TRUE(run(clean).content.confusion.empty());
}

// The given labels are a file's and stay; the true ones become garbage: no method's loss moves, nor what it selects.
TEST_F(NoisyLabels, GarbageForTrueLabelsChangesNoMethod) {
  const std::string labels = labels_of_people();
  std::size_t methods = 0;
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.labels != sweep::LabelNeed::given || method.recipe != "train") continue;
    ++methods;
    Stage stage = train(name);
    stage.settings.set("labels.kind", "annotated");
    stage.settings.set("labels.set", "people");
    stage.settings.set("data.validation", method.needs_a(sweep::Need::validation) ? 0.3 : 0.0);
    stage.fingerprints["labels"] = labels;
    if (stage.settings.has("warmup_epochs"))
      stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(1.0) : Value(1));
    stage.outputs.insert(Output::weights);
    write_cache();
    store::RunContent honest = run(stage).content;
    write_cache([](std::int64_t label) { return (7 * label + 3) % 10; });
    store::RunContent garbage = run(stage).content;
    write_cache();
    auto column = [](const store::RunContent& content, const std::string& wanted) {
      for (const store::Column& one : content.tables.at("metrics/epochs"))
        if (one.name == wanted) return std::get<std::vector<double>>(one.values);
      return std::vector<double>();
    };
    for (const char* figure : {"loss", "accuracy", "selection_kept"})
      EXPECT_EQ(column(honest, figure), column(garbage, figure)) << name << ": " << figure;
    for (const auto& [array, content] : honest.arrays)
      EXPECT_EQ(content.bytes, garbage.arrays.at(array).bytes) << name << ": " << array;
  }
  EXPECT_GT(methods, 12u);
}

// The same of every detector, as the first stage of detect-train: what it selects.
TEST_F(NoisyLabels, GarbageForTrueLabelsChangesNoDetector) {
  const std::string labels = labels_of_people();
  std::size_t detectors = 0;
  for (const std::string& name : catalogue_.methods.at("detect-train").stages.at("detect")) {
    if (name == "file" || name == "label-match") continue;  // a mask that is given; scores, in unsupervised_test.cpp
    SCOPED_TRACE(name);
    ++detectors;
    Stage stage = train(name);
    stage.kind = StageKind::detect;
    stage.outputs = {Output::metrics, Output::labels, Output::selection};
    stage.settings.set("labels.kind", "annotated");
    stage.settings.set("labels.set", "people");
    stage.fingerprints["labels"] = labels;
    if (stage.settings.has("warmup_epochs"))
      stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(1.0) : Value(1));
    write_cache();
    store::RunContent honest = run(stage).content;
    write_cache([](std::int64_t label) { return (7 * label + 3) % 10; });
    store::RunContent garbage = run(stage).content;
    write_cache();
    ASSERT_TRUE(honest.arrays.count("selection/mask"));
    ASSERT_EQ(honest.arrays.size(), garbage.arrays.size());
    for (const auto& [array, content] : honest.arrays)
      EXPECT_EQ(content.bytes, garbage.arrays.at(array).bytes) << array;
  }
  EXPECT_GT(detectors, 5u);
}

// And of features, which are of images alone.
TEST_F(NoisyLabels, GarbageForTrueLabelsChangesNoFeature) {
  Stage stage = train("ce");
  stage.kind = StageKind::embed;
  stage.version = result_version(StageKind::embed);
  stage.outputs = {Output::metrics, Output::features};
  Settings settings;
  for (const auto& [key, value] : stage.settings.all())
    if (key.starts_with("data.") || key == "dataset" || key == "model" || key == "seed") settings.set(key, value);
  settings.set("views.weak", "flip-crop");
  settings.set("embed_epochs", 2);
  settings.set("embed_splits", "all");
  settings.set("data.validation", 0.2);
  stage.settings = settings;
  store::RunContent honest = run(stage).content;
  write_cache([](std::int64_t label) { return (7 * label + 3) % 10; });
  store::RunContent garbage = run(stage).content;
  write_cache();
  EXPECT_TRUE(honest.arrays.count("features/mean"));
  EXPECT_TRUE(honest.arrays.count("features/validation"));
  ASSERT_EQ(honest.arrays.size(), garbage.arrays.size());
  for (const auto& [array, content] : honest.arrays) EXPECT_EQ(content.bytes, garbage.arrays.at(array).bytes) << array;
}

TEST_F(NoisyLabels, WhatCannotBeIsRefused) {
  Stage stage = noisy("asymmetric");
  stage.settings.set("labels.map", "superclass");
  EXPECT_THAT(refusal(stage), HasSubstr("labels.map = superclass: the data set has no super-classes"));
  stage.settings.set("labels.map", "blocks");
  stage.settings.set("labels.block", 4);
  EXPECT_THAT(refusal(stage), HasSubstr("10 classes are no multiple of labels.block = 4"));
}

// Random images of 8 x 8, sample i of class i mod C.
class InstanceLabels : public testing::Test {
 protected:
  InstanceLabels() {
    Stream random = Streams(0, "test").at(0, 0);
    for (std::uint8_t& level : images_) level = static_cast<std::uint8_t>(random.below(256));
    for (std::size_t i = 0; i < labels_.size(); ++i) labels_[i] = static_cast<std::int64_t>(i) % 4;
    open("cache");
  }
  // A cache of these images and labels.
  void open(const char* name) {
    SafeTensor pixels{"U8", {kSamples, 8, 8, 3}, std::as_bytes(std::span(images_))};
    SafeTensor labels{"I64", {kSamples}, std::as_bytes(std::span(labels_))};
    write_safetensors(
        folder_ / name,
        {{"train.images", pixels}, {"train.labels", labels}, {"test.images", pixels}, {"test.labels", labels}},
        {{"version", "1"}, {"fingerprint", "f"}, {"classes", R"(["a","b","c","d"])"}});
    pixels_.emplace(folder_ / name);
  }
  label::Labels make(const at::Tensor& samples, const label::Spec& spec) {
    std::vector<std::int64_t> truth;
    for (std::int64_t i = 0; i < samples.numel(); ++i) truth.push_back(samples[i].item<std::int64_t>() % 4);
    return instance_labels(*pixels_, samples, truth, spec);
  }

  static constexpr std::int64_t kSamples = 4000;
  Folder folder_;
  std::vector<std::uint8_t> images_ = std::vector<std::uint8_t>(kSamples * 192);
  std::vector<std::int64_t> labels_ = std::vector<std::int64_t>(kSamples);
  std::optional<data::Pixels> pixels_;
  label::Spec spec_{.kind = label::Kind::instance, .rate = 0.2, .seed = 1};
};

// docs/methods/noisy-labels.md#12: 0.2055 at a rate of 0.2.
TEST_F(InstanceLabels, AsManyAreWrongAsTheLawSays) {
  for (auto levels : {label::Levels::raw, label::Levels::scaled}) {
    spec_.pixels = levels;
    label::Labels given = make(at::arange(kSamples, at::kLong), spec_);
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < given.size(); ++i) wrong += given[i] != labels_[i];
    EXPECT_NEAR(static_cast<double>(wrong) / kSamples, 0.2055, 3 * std::sqrt(0.2055 * 0.7945 / kSamples));
  }
}

TEST_F(InstanceLabels, ThreadsAndTheChoiceOfSamplesChangeNone) {
  at::Tensor all = at::arange(kSamples, at::kLong);
  int before = at::get_num_threads();
  label::Labels alone = make(all, spec_);
  for (int threads : {2, 3, 5}) {
    at::set_num_threads(threads);
    EXPECT_EQ(make(all, spec_), alone) << threads;
  }
  at::set_num_threads(before);
  label::Labels some = make(at::arange(7, kSamples, 3, at::kLong), spec_);
  for (std::size_t k = 0; k < some.size(); ++k) ASSERT_EQ(some[k], alone[7 + 3 * k]) << k;
  spec_.seed = 2;
  EXPECT_NE(make(all, spec_), alone);
}

// The look of an image decides: two samples that look alike and flip go to the same class.
TEST_F(InstanceLabels, ImagesThatLookAlikeAreTakenForTheSame) {
  for (std::size_t i = 0; i < kSamples; ++i)
    std::copy_n(images_.begin() + static_cast<std::ptrdiff_t>(192 * (i % 4)), 192,
                images_.begin() + static_cast<std::ptrdiff_t>(192 * i));
  open("alike");
  label::Labels given = make(at::arange(kSamples, at::kLong), spec_);
  std::map<std::int64_t, std::set<std::int64_t>> taken_for;
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given[i] != labels_[i]) taken_for[labels_[i]].insert(given[i]);
  ASSERT_EQ(taken_for.size(), 4u);
  for (const auto& [truth, wrong] : taken_for) EXPECT_EQ(wrong.size(), 1u) << truth;
}

}  // namespace
}  // namespace winnow::train
