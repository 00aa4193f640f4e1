#include "winnow/stage/shared_code.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/stage/cut_rise.h"
#include "winnow/stage/result_version.h"

namespace winnow {
namespace {

using ::testing::HasSubstr;

template <class Function>
std::string refused(Function&& function) {
  try {
    function();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

Stage example() {
  Stage stage;
  stage.settings.set("method", "proden");
  stage.shared = shared_code();
  return stage;
}

TEST(SharedCode, ATrainerTakesItsOwnVersionsOnly) {
  Stage stage = example();
  EXPECT_EQ(refused([&] { require_shared_code(stage); }), "accepted");
  int own = stage.shared.at("engine");
  stage.shared["engine"] = own + 1;
  EXPECT_EQ(refused([&] { require_shared_code(stage); }),
            "the shared code 'engine' has result version " + std::to_string(own) + " here, the stage wants " +
                std::to_string(own + 1) + ": winnow and winnow-train differ");
  stage.shared = {{"family.perceiver", 1}};
  EXPECT_THAT(refused([&] { require_shared_code(stage); }), HasSubstr("'family.perceiver', which is not known here"));
}

TEST(SharedCode, TravelsWithTheStage) {
  Stage stage = example();
  stage.shared["engine"] = 7;
  EXPECT_EQ(stage_from_json(to_json(stage)).shared, stage.shared);
  EXPECT_THAT(refused([&] { stage_to_execute(to_json(stage)); }), HasSubstr("the shared code 'engine'"));
  Value json = to_json(stage);
  json["shared"]["engine"] = 8;
  EXPECT_THAT(refused([&] { stage_from_json(json); }), HasSubstr("its content is"))
      << "a version above 1 is part of the identity";
}

// Described before there were parts: each is meant at version 1.
TEST(SharedCode, AStageThatNamesNoPartsIsTakenWhileAllAreAtOne) {
  Stage stage = example();
  stage.shared.clear();
  bool raised = std::any_of(shared_code().begin(), shared_code().end(), [](const auto& part) {
    return part.second != 1 && part.first != "texts.lowered" && part.first != "engine.cut_rise";
  });
  EXPECT_THAT(refused([&] { stage_to_execute(to_json(stage)); }),
              raised ? HasSubstr("the stage wants 1") : HasSubstr("accepted"));
}

// Of towers of texts in lower precision: raised above 1, and used by few stages.
TEST(SharedCode, AStageWithLoweredTextsIsAnotherThanBefore) {
  for (const char* precision : {"fp32", "fp64", "bf16", "fp16", "fp16-pure"})
    for (bool prompts : {false, true}) {
      Stage stage = example();
      stage.settings.set("train.precision", precision);
      if (prompts) stage.settings.set("context_length", 16);
      stage.shared.clear();
      bool lowered = prompts && (precision == std::string("bf16") || precision == std::string("fp16"));
      EXPECT_EQ(lowers_texts(stage), lowered) << precision << prompts;
      if (lowered) {
        EXPECT_THAT(refused([&] { stage_to_execute(to_json(stage)); }), HasSubstr("'texts.lowered'"));
      }
    }
}

TEST(SharedCode, AStageWhoseRiseMayBeCutIsAnotherThanBefore) {
  for (const char* schedule : {"grip", "coop"})
    for (int limit : {0, 5000}) {
      Stage stage = example();
      stage.settings.set("train.schedule", schedule);
      stage.settings.set("train.max_steps", limit);
      stage.shared.clear();
      bool cut = limit > 0 && schedule == std::string("grip");
      EXPECT_EQ(may_cut_rise(stage), cut) << schedule << limit;
      if (cut) {
        EXPECT_THAT(refused([&] { stage_to_execute(to_json(stage)); }), HasSubstr("'engine.cut_rise'"));
      }
    }
}

TEST(ResultVersion, OfAKindAndOfAMethod) {
  EXPECT_GE(result_version(StageKind::score), 1);
  EXPECT_THROW(result_version(StageKind::train), InternalError) << "that of its method";
  EXPECT_GE(result_version_of_method("proden"), 1);
  EXPECT_THAT(refused([] { result_version_of_method("prodn"); }), HasSubstr("did you mean 'proden'?"));
  Stage stage = example();
  stage.version = 9;
  EXPECT_EQ(refused([&] { require_version(stage, "score", 2); }),
            "score has result version 2 here, the stage wants 9: winnow and winnow-train differ");
}

// What is planned where data or weights are missing can be counted and nothing else.
TEST(OpenStage, HasNoIdentity) {
  Stage stage = example();
  stage.fingerprints["data"] = std::string(kOpen) + "cifar-10";
  EXPECT_TRUE(stage.open());
  EXPECT_THROW(stage.identity(), InternalError);
  Value json = to_json(stage);
  EXPECT_TRUE(json.at("identity").is_null());
  for (bool claimed : {true, false}) {
    if (!claimed) json.erase("identity");
    EXPECT_THAT(refused([&] { stage_from_json(json); }), HasSubstr("identity is open"));
  }
  Value planned = json;  // as `winnow plan --json` writes it
  planned["fingerprints"] = {{"data", nullptr}};
  EXPECT_THAT(refused([&] { stage_from_json(planned); }), HasSubstr("identity is open"));
  planned = json;
  planned["inputs"] = {{"backbone", {{"stage", nullptr}, {"output", "weights"}}}};
  EXPECT_THAT(refused([&] { stage_from_json(planned); }), HasSubstr("identity is open"));
  json["identity"] = hash_of(stage.canonical()).hex();
  EXPECT_THAT(refused([&] { stage_from_json(json); }), HasSubstr("identity is open"));
}

}  // namespace
}  // namespace winnow
