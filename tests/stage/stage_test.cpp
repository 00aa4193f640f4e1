#include "winnow/stage/stage.h"

#include <gtest/gtest.h>

#include "winnow/core/error.h"

namespace winnow {
namespace {

Stage example() {
  Stage stage;
  stage.settings = Settings({{"method", "proden"}, {"train.lr", 0.001}, {"train.epochs", 3}, {"scale", 25.0}});
  stage.defaulted = {"scale"};
  stage.fingerprints["data"] = "00";
  stage.inputs["backbone"] = {hash_of("x"), Output::weights};
  stage.outputs = {Output::labels, Output::metrics};
  return stage;
}

// The canonical form is what identities hang on: it may not change by accident.
TEST(Stage, CanonicalFormIsPinned) {
  EXPECT_EQ(
      example().canonical(),
      R"({"fingerprints":{"data":"00"},"inputs":{"backbone":{"output":"weights","stage":")" + hash_of("x").hex() +
          R"("}},"kind":"train","outputs":["labels","metrics"],"settings":{"method":"proden","train.epochs":3,"train.lr":0.001},"version":1})");
}

TEST(Stage, IdentityDependsOnWhatMattersOnly) {
  Stage stage = example();
  Identity identity = stage.identity();
  stage.settings.set("new_key", 1);
  stage.defaulted.insert("new_key");
  EXPECT_EQ(stage.identity(), identity) << "a new key at its default changes no identity";
  stage.settings.set("train.lr", 0.002);
  EXPECT_NE(stage.identity(), identity);
  Stage other = example();
  other.version = 2;
  EXPECT_NE(other.identity(), identity);
  other = example();
  other.outputs.insert(Output::predictions);
  EXPECT_NE(other.identity(), identity);
  other = example();
  other.fingerprints["data"] = "01";
  EXPECT_NE(other.identity(), identity);
  other = example();
  other.inputs["backbone"].output = Output::features;
  EXPECT_NE(other.identity(), identity);
}

TEST(Stage, IntegersAndRealsDiffer) {
  Stage integer = example(), real = example();
  integer.settings.set("x", 1);
  real.settings.set("x", 1.0);
  EXPECT_NE(integer.identity(), real.identity());
}

TEST(Stage, JsonRoundTrip) {
  Stage stage = example();
  Stage copy = stage_from_json(to_json(stage));
  EXPECT_EQ(copy.identity(), stage.identity());
  EXPECT_EQ(copy.settings.all(), stage.settings.all());
  EXPECT_EQ(copy.defaulted, stage.defaulted);
}

TEST(Stage, RefusesAnotherIdentityAndMalformedFields) {
  Value json = to_json(example());
  json["settings"]["train.lr"] = 0.5;
  EXPECT_THROW(stage_from_json(json), UsageError);
  for (const char* field : {"kind", "version", "settings"}) {
    Value without = to_json(example());
    without.erase(field);
    EXPECT_THROW(stage_from_json(without), UsageError) << field;
  }
  Value wrong = to_json(example());
  wrong["version"] = "one";
  EXPECT_THROW(stage_from_json(wrong), UsageError);
}

TEST(StageKind, RoundTrip) {
  for (auto kind :
       {StageKind::pretrain, StageKind::embed, StageKind::score, StageKind::narrow, StageKind::select,
        StageKind::detect, StageKind::train, StageKind::cross_filter, StageKind::ensemble, StageKind::evaluate})
    EXPECT_EQ(parse_stage_kind(to_string(kind)), kind);
  for (auto output : {Output::metrics, Output::selection, Output::scores, Output::features, Output::labels,
                      Output::predictions, Output::weights})
    EXPECT_EQ(parse_output(to_string(output)), output);
  EXPECT_THROW(parse_stage_kind("training"), UsageError);
}

}  // namespace
}  // namespace winnow
