#include "winnow/stage/trainer_protocol.h"

#include <gmock/gmock.h>

#include "winnow/core/error.h"

namespace winnow::protocol {
namespace {

using ::testing::HasSubstr;

TEST(TrainerProtocol, AContextSurvivesTheWire) {
  Context context{{{"cifar-10", "/cache/c"}}, {{"backbone", "/store/b.h5"}}, 3, 4, 2, 60.5, true, true};
  Context back = context_from_json(Value::parse(to_json(context).dump()));
  EXPECT_EQ(to_json(back), to_json(context));
  EXPECT_EQ(back.data, context.data);
  EXPECT_EQ(back.loaders, 4);
  EXPECT_EQ(back.width, 2);
}

// A trainer's author may call it by hand.
TEST(TrainerProtocol, WhatAContextLeavesOutIsItsDefault) {
  Context context = context_from_json(Value::object());
  EXPECT_EQ(context.threads, 1);
  EXPECT_EQ(context.width, 1);
  EXPECT_FALSE(context.trial);
}

TEST(TrainerProtocol, AFieldOfAnotherTypeIsNamed) {
  for (const char* text : {R"({"threads":"two"})", R"({"data":[]})", R"({"inputs":{"backbone":1}})", R"({"trial":1.5})",
                           R"({"keep_features":"10"})"}) {
    try {
      context_from_json(Value::parse(text));
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("context: " + Value::parse(text).items().begin().key() + ": "));
    }
  }
  EXPECT_THROW(context_from_json(Value::array()), UsageError);
}

TEST(TrainerProtocol, LinesAreJsonWhateverStandsInAPath) {
  Value run = Value::parse(line_of(protocol::Run{"ab", 2, R"({"kind":"train"})", "{}", "/a \"b\"\\c\n.h5", "/d"}));
  EXPECT_EQ(run["do"], "run");
  EXPECT_EQ(run["output"], "/a \"b\"\\c\n.h5");
  EXPECT_EQ(run["stage"]["kind"], "train");
  EXPECT_EQ(Value::parse(line_of(Order::stop)), Value({{"do", "stop"}}));
  EXPECT_EQ(event(Event::ready), Value({{"event", "ready"}}));
  EXPECT_EQ(event(Event::stopped, "ab"), Value({{"event", "stopped"}, {"identity", "ab"}}));
}

}  // namespace
}  // namespace winnow::protocol
