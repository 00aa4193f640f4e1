#include "deadline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "../refusal.h"

namespace winnow::cmd {
namespace {

using testing::HasSubstr;

constexpr double kNow = 1796000000;  // 2026-11-30 00:53:20 UTC

class Deadline : public testing::Test {
 protected:
  void SetUp() override { ::setenv("TZ", "UTC-2", 1), ::tzset(); }  // two hours before Greenwich
  void TearDown() override { ::unsetenv("TZ"), ::tzset(); }
};

TEST_F(Deadline, IsALengthOfTimeOrAMoment) {
  EXPECT_EQ(parse_deadline("90s", kNow), kNow + 90);
  EXPECT_EQ(parse_deadline("1.5h", kNow), kNow + 5400);
  EXPECT_EQ(parse_deadline("90min", kNow), kNow + 5400);
  EXPECT_EQ(parse_deadline("2d", kNow), kNow + 172800);
  EXPECT_EQ(parse_deadline("2026-11-30T08:00Z", kNow), kNow - 53 * 60 - 20 + 8 * 3600);
  EXPECT_EQ(parse_deadline("2026-11-30T08:00", kNow), kNow - 53 * 60 - 20 + 6 * 3600);
  EXPECT_EQ(parse_deadline("08:00Z", kNow), kNow - 53 * 60 - 20 + 8 * 3600);
  EXPECT_EQ(parse_deadline("00:10Z", kNow), kNow - 53 * 60 - 20 + 600 + 86400) << "tomorrow";
}

TEST_F(Deadline, WhatIsNeitherIsRefused) {
  for (const char* text : {"",
                           "8",
                           "h",
                           "-1h",
                           "0h",
                           "8 h",
                           "8hours",
                           "1e9d",
                           "nan",
                           "nand",
                           "inf",
                           "2026-11-31T08:00",
                           "2026-12-01",
                           "2026-12-01T25:00",
                           "2026-12-01T08:60",
                           "25:00",
                           "08:00ZZ",
                           "08:00 ",
                           "2026-12-01T08:00+01:00",
                           "T08:00"})
    EXPECT_THAT(refusal([&] { parse_deadline(text, kNow); }), HasSubstr("90min, 8h, 2d")) << text;
  EXPECT_THAT(refusal([&] { parse_deadline("2026-11-29T08:00", kNow); }), HasSubstr("has passed"));
}

}  // namespace
}  // namespace winnow::cmd
