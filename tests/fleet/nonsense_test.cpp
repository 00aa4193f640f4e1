#include "nonsense.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "winnow/core/revision.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {
namespace {

using Kind = Message::Kind;

constexpr std::size_t kStages = 3;
constexpr sched::Attempt kGood{2, 1}, kNowhere{3, 1};

std::string joining(const Value& changes) {
  Value said = {{"pid", 7}, {"revision", revision()}, {"gpus", Value::array()}};
  said.update(changes);
  return said.dump();
}

TEST(Nonsense, WhatAgentsSayIsNone) {
  std::vector<Message> messages = {
      {.kind = Kind::joined, .number = 2, .text = "a", .detail = joining(Value::object())},
      {.kind = Kind::refused, .text = "no"},
      {.kind = Kind::started, .attempt = kGood, .number = 4711, .text = "1"},
      {.kind = Kind::progress, .attempt = kGood, .text = R"({"event":"progress","step":3})"},
      {.kind = Kind::remark, .attempt = kGood, .text = R"({"event":"note","text":"x"})"},
      {.kind = Kind::done, .attempt = kGood, .number = 1.5, .memory = 5, .text = "committed"},
      {.kind = Kind::failed, .attempt = kGood, .text = "user", .detail = "\xff"},
      {.kind = Kind::returned, .attempt = kGood},
      {.kind = Kind::resized, .number = 0},
      {.kind = Kind::heartbeat, .attempts = {kGood, {0, 1}}},
      {.kind = Kind::heartbeat, .detail = "[]"},
      {.kind = Kind::note, .text = "anything"},
      {.kind = Kind::call, .attempt = kGood, .number = 1, .text = "sh"},
      {.kind = Kind::reserved, .attempt = kGood},
      {.kind = Kind::quarantined, .number = 600, .text = "GPU 2", .attempts = {kGood}},
      {.kind = Kind::readmitted, .text = "GPU 2"},
      {.kind = Kind::left},
  };
  for (const Message& message : messages) EXPECT_EQ(nonsense_in(message, kStages), "") << int(message.kind);
}

TEST(Nonsense, AnotherRevisionMayJoinInItsOwnWay) {
  for (std::string detail : {joining({{"revision", "9.9"}, {"gpus", "?"}}), std::string("{}"), std::string("no JSON")})
    EXPECT_EQ(nonsense_in({.kind = Kind::joined, .number = 1e9, .detail = detail}, kStages), "") << detail;
}

TEST(Nonsense, StagesThatDoNotExist) {
  for (Kind kind : {Kind::started, Kind::progress, Kind::remark, Kind::done, Kind::failed, Kind::returned, Kind::call,
                    Kind::reserved})
    EXPECT_EQ(nonsense_in({.kind = kind, .attempt = kNowhere, .text = "{}"}, kStages), "it speaks of stage 3 of 3");
  EXPECT_EQ(nonsense_in({.kind = Kind::heartbeat, .attempts = {kGood, kNowhere}}, kStages), "it holds stage 3 of 3");
}

TEST(Nonsense, CallsOfOtherGangs) {
  const std::vector<sched::Part> gang = {{4, 2}, {7, 1}}, alone = {{4, 2}};
  EXPECT_EQ(fault_of_call(4, 1, gang), "");
  EXPECT_NE(fault_of_call(7, 1, gang), "") << "a member leads nobody";
  EXPECT_NE(fault_of_call(5, 1, gang), "") << "it has no part in it";
  for (double part : {0.0, 2.0, 1e18}) EXPECT_NE(fault_of_call(4, part, gang), "") << part;
  EXPECT_NE(fault_of_call(4, 1, alone), "");
  EXPECT_NE(fault_of_call(4, 0, {}), "");
}

TEST(Nonsense, ACoordinatorsWords) {
  for (Kind kind : {Kind::welcome, Kind::assign, Kind::retract, Kind::cancel, Kind::drain, Kind::alive, Kind::begin,
                    Kind::release, Kind::sources})
    EXPECT_EQ(nonsense_in({.kind = kind}, kStages), "it speaks as a coordinator");
}

TEST(Nonsense, NumbersThatAreNone) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (double number : {std::nan(""), infinite, -infinite, -1.0, 1e300})
    for (Message message :
         {Message{.kind = Kind::started, .attempt = kGood}, Message{.kind = Kind::call, .attempt = kGood},
          Message{.kind = Kind::done, .attempt = kGood}, Message{.kind = Kind::resized},
          Message{.kind = Kind::joined, .detail = joining(Value::object())}}) {
      message.number = number;
      EXPECT_NE(nonsense_in(message, kStages), "") << int(message.kind) << " " << number;
    }
  EXPECT_NE(nonsense_in({.kind = Kind::joined, .number = 0, .detail = joining(Value::object())}, kStages), "");
  EXPECT_NE(nonsense_in({.kind = Kind::done, .attempt = kGood, .memory = -1}, kStages), "");
  EXPECT_NE(nonsense_in({.kind = Kind::quarantined, .number = -1}, kStages), "");
  EXPECT_NE(nonsense_in({.kind = Kind::quarantined, .number = 600, .attempts = {kNowhere}}, kStages), "");
}

TEST(Nonsense, HostsThatAreNone) {
  for (const std::string& host : {std::string(), std::string(256, 'x'), std::string("a\nb"), std::string("\x1b[31m")})
    EXPECT_NE(
        nonsense_in({.kind = Kind::joined, .number = 1, .text = host, .detail = joining(Value::object())}, kStages), "")
        << host;
}

TEST(Nonsense, TextsThatAreNoJson) {
  for (const char* text : {"", "{", "3", "[]", "null", R"({"event":3})", R"({"text":{}})", R"({"step":"3"})", "\xff"})
    for (Kind kind : {Kind::progress, Kind::remark})
      EXPECT_NE(nonsense_in({.kind = kind, .attempt = kGood, .text = text}, kStages), "") << text;
  for (const Value& changes :
       {Value{{"gpus", "many"}}, Value{{"gpus", {1, 2}}}, Value{{"pid", "seven"}}, Value{{"revision", 3}}})
    EXPECT_NE(nonsense_in({.kind = Kind::joined, .number = 1, .detail = joining(changes)}, kStages), "") << changes;
  EXPECT_NE(nonsense_in({.kind = Kind::heartbeat, .detail = "{}"}, kStages), "");
  EXPECT_NE(nonsense_in({.kind = Kind::failed, .attempt = kGood, .text = "because"}, kStages), "");
}

}  // namespace
}  // namespace winnow::fleet
