#include "winnow/core/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../refusal.h"

namespace winnow {
namespace {

using testing::HasSubstr;

std::string refused(const std::string& text) {
  return refusal([&] { parse_json(text, "a.json"); });
}
std::string nested(std::size_t depth, const std::string& open, const std::string& inner, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += inner;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(JsonText, WhatIsReadIsWhatTheLibraryReads) {
  std::string text =
      R"({"a": [1, -2, 2.5, 1e300, true, null, "\u00e4"], "b": {"c": {}}, "18446744073709551615": 18446744073709551615})";
  EXPECT_EQ(parse_json(text, "a.json"), Value::parse(text));
}

TEST(JsonText, NestingHasAnEnd) {
  EXPECT_NO_THROW(parse_json(nested(kDeepestJson, "[", "1", "]"), "a.json").dump());
  EXPECT_NO_THROW(parse_json(nested(kDeepestJson, "{\"a\": ", "1", "}"), "a.json").dump());
  EXPECT_EQ(refused(nested(kDeepestJson + 1, "[", "", "]")),
            "a.json: tables and lists within one another more than 64 deep, at byte 65 (line 1, column 65)");
  for (const std::string& text :
       {nested(200'000, "[", "", "]"), nested(200'000, "{\"a\":", "1", "}"), nested(200'000, "[\n{\"a\":", "1", "}]"),
        nested(200'000, "[", "", ""), "{\"a\": 1, \"b\": " + nested(200'000, "[", "", "]") + "}"})
    EXPECT_THAT(refused(text), HasSubstr("a.json: tables and lists within one another more than 64 deep, at byte "));
}

TEST(JsonText, WhatIsNoJsonIsNamedWithItsPlace) {
  EXPECT_EQ(refused("{\n  \"a\": b\n}"), "a.json is not JSON in UTF-8, at byte 10 (line 2, column 8)");
  EXPECT_EQ(refused("\xef\xbb\xbf{\r\n  \"a\": b\r\n}"), "a.json is not JSON in UTF-8, at byte 14 (line 2, column 8)")
      << "bytes count from the file's start, its mark included";
  using std::string_literals::operator""s;
  EXPECT_EQ(refused("\xff\xfe{\0}\0"s), "a.json: a text in UTF-16; save it in UTF-8");
  EXPECT_EQ(refused("\xff\xfe\0\0{\0\0\0"s), "a.json: a text in UTF-32; save it in UTF-8");
  EXPECT_THAT(refused("{\r  \"a\": b\r}"), HasSubstr("(line 2, column 8)"));
  for (const char* text : {"", "[1,]", "[1] 2", "{\"a\": \"\xff\"}", "{\"a\": 1e999}", "{\"a\": NaN}", "[1"})
    EXPECT_THAT(refused(text), HasSubstr("a.json is not JSON in UTF-8, at byte "));
}

TEST(JsonText, AKeyThatIsThereTwiceIsRefused) {
  EXPECT_EQ(refused("{\"a\": 1,\n \"b\": {\"a\": 2},\n\"a\": 3}"), "a.json:3: 'a' is there twice (first in line 1)");
  EXPECT_NO_THROW(parse_json(R"([{"a": 1}, {"a": 2, "b": {"a": 3}}])", "a.json"));
}

TEST(JsonText, MessagesStayShort) {
  EXPECT_EQ(brief(Value{1, "a"}), "[1,\"a\"]");
  EXPECT_EQ(brief(Value(std::string(20'000, 'x'))), "\"" + std::string(59, 'x') + "...");
  EXPECT_EQ(brief(Value("aääää"), 5), "\"aä...") << "not within a character";
  EXPECT_EQ(brief(Value("\u202Eevil")), "\"\\u202eevil\"") << "what turns the direction of writing is not obeyed";
  EXPECT_EQ(brief(Value(std::numeric_limits<double>::infinity())), "inf");
}

}  // namespace
}  // namespace winnow
