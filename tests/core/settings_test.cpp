#include "winnow/core/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "winnow/core/error.h"

namespace winnow {
namespace {

using testing::HasSubstr;

std::string refusal(const Declaration& declaration, const Value& value) {
  try {
    declaration.check(value);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Settings, RecordsWhatIsRead) {
  Settings settings(flatten({{"train", {{"lr", 0.1}, {"epochs", 3}}}, {"method", "cc"}}));
  EXPECT_EQ(settings.real("train.lr"), 0.1);
  EXPECT_EQ(settings.integer("train.epochs"), 3);
  EXPECT_EQ(settings.read(), (std::set<std::string>{"train.epochs", "train.lr"}));
  EXPECT_EQ(Settings(settings).read().size(), 0u) << "a copy has read nothing yet";
}

TEST(Settings, SaysWhatIsWrongWithAValue) {
  Settings settings({{"a", "x"}, {"b", 1.5}});
  for (auto [key, text] : {std::pair{"a", "a: expected a number, got \"x\""}, {"c", "c is not set"}}) {
    try {
      settings.real(key);
      FAIL();
    } catch (const UsageError& error) {
      EXPECT_STREQ(error.what(), text);
    }
  }
  EXPECT_THROW(settings.integer("b"), UsageError);
}

TEST(Declaration, ChecksTypeAndRange) {
  Declaration rate{"labels.rate", Declaration::Type::real, 0.0, 1.0};
  EXPECT_EQ(rate.check(1), Value(1.0)) << "an integer becomes a real";
  EXPECT_TRUE(rate.check(1).is_number_float());
  EXPECT_EQ(refusal(rate, 1.5), "expected a number in [0, 1], got 1.5");
  EXPECT_EQ(refusal(rate, "x"), "expected a number in [0, 1], got \"x\"");
  rate.above_min = true;
  EXPECT_EQ(refusal(rate, 0), "expected a number in (0, 1], got 0");
}

TEST(Declaration, OffersTheNearestWord) {
  Declaration schedule{"train.schedule", Declaration::Type::text, {}, {}, false, false, {"constant", "cosine"}};
  EXPECT_EQ(refusal(schedule, "cosin"), "expected one of constant, cosine, got \"cosin\" (did you mean 'cosine'?)");
}

TEST(Declaration, NumbersMayHaveWords) {
  Declaration ramp{"ramp_steps", Declaration::Type::real, 0.0, {}, true, false, {"half-the-epochs"}};
  EXPECT_EQ(ramp.check("half-the-epochs"), Value("half-the-epochs"));
  EXPECT_EQ(ramp.check(2.5), Value(2.5));
  EXPECT_THAT(refusal(ramp, -1), HasSubstr("expected a number above 0 or half-the-epochs"));
}

TEST(DeclarationType, RoundTrip) {
  for (auto type : {Declaration::Type::flag, Declaration::Type::integer, Declaration::Type::real,
                    Declaration::Type::text, Declaration::Type::reals})
    EXPECT_EQ(parse_declaration_type(to_string(type)), type);
  EXPECT_THROW(parse_declaration_type("float"), UsageError);
}

}  // namespace
}  // namespace winnow
