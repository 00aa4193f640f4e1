// Further test splits: images of other data sets on which a stage is measured, too. docs/methods/noisy-labels.md#8.
#include "miniature.h"
#include "winnow/core/error.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

class FurtherTests : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    Stage backbone = pretrain();
    backbone.settings.set("train.epochs", 20);  // it knows some of the classes
    store::write_run_file(folder_ / "backbone.h5", run(backbone).content);
    write_other("other", 20, R"(["a","b","c","d","e","f","g","h","i","j"])");
  }
  // A cache whose test split has these images of the classes in another order: the model is nearly always wrong.
  void write_other(const std::string& name, std::int64_t count, const std::string& classes) {
    auto [pixels, labels] = images(count);
    for (std::int64_t& label : labels) label = (label + 5) % 10;
    SafeTensor own{"U8", {count, 28, 28, 1}, std::as_bytes(std::span(pixels))},
        truth{"I64", {count}, std::as_bytes(std::span(labels))};
    write_safetensors(folder_ / name,
                      {{"train.images", own}, {"train.labels", truth}, {"test.images", own}, {"test.labels", truth}},
                      {{"version", "1"}, {"fingerprint", "g"}, {"classes", classes}});
  }
  Stage measured(const std::string& method = "ce") {
    Stage stage = train(method);
    stage.settings.set("labels.kind", "clean");
    stage.settings.set("train.epochs", 3);
    stage.settings.set("train.lr", 1e-3);
    stage.settings.set("evaluation.further_tests", true);
    stage.fingerprints["test.other-set"] = "g";
    return stage;
  }
  Context both() {
    Context result = context();
    result.data["other-set"] = folder_ / "other";
    return result;
  }
  static std::vector<double> column(const store::RunContent& content, const char* table, const std::string& name) {
    for (const store::Column& column : content.tables.at(table))
      if (column.name == name) return std::get<std::vector<double>>(column.values);
    return {};
  }
};

TEST_F(FurtherTests, HaveAMetricOfTheirOwn) {
  store::RunContent content = execute(measured(), both(), *alone_, quiet_).content;
  std::vector<double> own = column(content, "metrics/epochs", "accuracy"),
                      other = column(content, "metrics/epochs", "accuracy_on_other-set");
  ASSERT_EQ(other.size(), 3u);
  for (std::size_t e = 0; e < 3; ++e) EXPECT_LE(own[e] + other[e], 1) << "the same images under other labels";
  EXPECT_NE(own, other);
  EXPECT_EQ(column(content, "metrics/final", "accuracy_on_other-set")[0], other[2]);
  EXPECT_EQ(column(content, "metrics/final", "accuracy_on_other-set_best")[0],
            *std::max_element(other.begin(), other.end()));
  EXPECT_EQ(content.metrics.at("accuracy_on_other-set_best").unit, store::Unit::share);
}

// What is trained does not look at them.
TEST_F(FurtherTests, ChangeNothingElse) {
  Stage alone = measured();
  alone.settings.set("evaluation.further_tests", false);
  alone.fingerprints.erase("test.other-set");
  store::RunContent with = execute(measured(), both(), *alone_, quiet_).content, without = run(alone).content;
  for (const char* name : {"accuracy", "loss", "f1_macro"})
    EXPECT_EQ(column(with, "metrics/epochs", name), column(without, "metrics/epochs", name)) << name;
}

TEST_F(FurtherTests, EnsemblesOfViewsAreAveragedThereToo) {
  Stage stage = measured();
  stage.settings.set("views.ensemble", "five-crop");
  stage.settings.set("views.ensemble_expand", 4);
  EXPECT_EQ(column(execute(stage, both(), *alone_, quiet_).content, "metrics/epochs", "accuracy_on_other-set").size(),
            3u);
}

// A data set's own validation part: another data set's test images. docs/methods/unsupervised.md#8.
TEST_F(FurtherTests, AnOwnValidationPartIsMeasuredAndSearchedOn) {
  Stage stage = measured();
  stage.settings.set("evaluation.further_tests", false);
  stage.fingerprints.erase("test.other-set");
  store::RunContent without = run(stage).content;
  stage.fingerprints["validation.other-set"] = "g";
  store::RunContent with = execute(stage, both(), *alone_, quiet_).content;
  for (const char* name : {"accuracy", "loss"})
    EXPECT_EQ(column(with, "metrics/epochs", name), column(without, "metrics/epochs", name))
        << name << ": no training sample is set aside";
  std::vector<double> own = column(with, "metrics/epochs", "accuracy"),
                      validation = column(with, "metrics/epochs", "validation_accuracy");
  ASSERT_EQ(validation.size(), 3u);
  for (std::size_t e = 0; e < 3; ++e) EXPECT_LE(own[e] + validation[e], 1) << "the same images under other labels";
  EXPECT_TRUE(column(without, "metrics/epochs", "validation_accuracy").empty());
  EXPECT_EQ(column(with, "metrics/final", "accuracy_validation").size(), 1u) << "it may choose an epoch";

  EXPECT_THAT(refusal(stage), HasSubstr("the context names no decoded cache of data set other-set"));
  Stage changed = stage;
  changed.fingerprints["validation.other-set"] = "h";
  EXPECT_THAT(refusal(changed, both()), HasSubstr("data of fingerprint g, the stage wants h"));
  write_other("few", 20, R"(["a","b","c","d","e","f","g","h","i","j","k"])");
  Context fewer = both();
  fewer.data["other-set"] = folder_ / "few";
  EXPECT_THAT(refusal(stage, fewer), HasSubstr("the validation split other-set has 11 classes, mini has 10"));
}

TEST_F(FurtherTests, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(refusal(measured()), HasSubstr("the context names no decoded cache of data set other-set"));
  Stage changed = measured();
  changed.fingerprints["test.other-set"] = "h";
  EXPECT_THAT(refusal(changed, both()), HasSubstr("data of fingerprint g, the stage wants h"));
  write_other("few", 20, R"(["a","b","c","d","e","f","g","h","i","j","k"])");
  Context fewer = both();
  fewer.data["other-set"] = folder_ / "few";
  EXPECT_THAT(refusal(measured(), fewer), HasSubstr("the further test split other-set has 11 classes, mini has 10"));
}

}  // namespace
}  // namespace winnow::train
