// What stands in tables and on terminals of names that other people chose.
#include "winnow/core/printable.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

TEST(Printable, TextsOfAllLanguagesStayAsTheyAre) {
  for (const char* text : {"", "a photo of {}", "Łódź ± 0,5", "犬", "😀", "back\\slash", "a|b \"c\""})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatBreaksALineIsWrittenOut) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\u0000b");
  EXPECT_EQ(printable("a\u2028b\u2029c\u0085d"), "a\\u2028b\\u2029c\\u0085d");
}

TEST(Printable, WhatATerminalObeysIsWrittenOut) {
  EXPECT_EQ(printable("a\033[31mb"), "a\\u001b[31mb");
  EXPECT_EQ(printable("\x7f"), "\\u007f");
  EXPECT_EQ(printable("\u009b31m"), "\\u009b31m");               // an escape sequence without its escape character
  EXPECT_EQ(printable("\u202eabc\u2066"), "\\u202eabc\\u2066");  // text that is shown backwards
}

TEST(Printable, BytesThatAreNoText) {
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a\\xffb");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");           // cut
}

// "\\n" that somebody wrote and a line feed do not look the same beside each other.
TEST(Printable, BackslashesAreDoubledWhereSomethingIsEscaped) { EXPECT_EQ(printable("\\n\n"), "\\\\n\\n"); }

}  // namespace
}  // namespace winnow
