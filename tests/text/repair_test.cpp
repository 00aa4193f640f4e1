// Cleaning of texts, against ftfy's own answers (reference/ftfy_tables.py).
#include "../../src/text/repair.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../../src/text/unicode.h"
#include "winnow/core/file.h"

namespace winnow::text {
namespace {

// \x{E9} is the character.
std::string text_of(const std::string& escaped) {
  std::u32string result;
  for (std::size_t i = 0; i < escaped.size();) {
    if (escaped.compare(i, 3, "\\x{") != 0) {
      result.push_back(static_cast<unsigned char>(escaped[i++]));
      continue;
    }
    std::size_t end = escaped.find('}', i);
    result.push_back(static_cast<char32_t>(std::stoul(escaped.substr(i + 3, end - i - 3), nullptr, 16)));
    i = end + 1;
  }
  return utf8(result);
}

TEST(Repair, IsThatOfFtfy) {
  std::ifstream file(Path(WINNOW_SOURCE_DIR) / "tests/text/reference/ftfy_cases.txt");
  int cases = 0, changed = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::size_t tab = line.find('\t');
    std::string text = text_of(line.substr(0, tab)), want = text_of(line.substr(tab + 1));
    EXPECT_EQ(repaired(text), want) << line.substr(0, tab);
    ++cases;
    changed += text != want;
  }
  EXPECT_GT(cases, 250);
  EXPECT_GT(changed, 150);
}

// “naïve” café, and what each of the encodings makes of its UTF-8.
TEST(Repair, ReadsTextOfAnyOfItsEncodingsAgain) {
  const std::pair<const char*, const char*> misread[] = {
      {"Latin-1", "\u00E2\u0080\u009Cna\u00C3\u00AFve\u00E2\u0080\u009D caf\u00C3\u00A9"},
      {"Windows-1252", "\u00E2\u20AC\u0153na\u00C3\u00AFve\u00E2\u20AC\u009D caf\u00C3\u00A9"},
      {"Windows-1251", "\u0432\u0402\u045Ana\u0413\u0407ve\u0432\u0402\u045C caf\u0413\u00A9"},
      {"Windows-1250", "\u00E2\u20AC\u015Bna\u0102\u017Bve\u00E2\u20AC\u0165 caf\u0102\u00A9"},
      {"Windows-1253", "\u03B2\u20AC\u009Cna\u0393\u2015ve\u03B2\u20AC\u009D caf\u0393\u00A9"},
      {"Windows-1257", "\u0101\u20AC\u009Cna\u0106\u00C6ve\u0101\u20AC\u00AF caf\u0106\u00A9"},
      {"ISO-8859-2", "\u00E2\u0080\u009Cna\u0102\u017Bve\u00E2\u0080\u009D caf\u0102\u0160"},
      {"MacRoman", "\u201A\u00C4\u00FAna\u221A\u00D8ve\u201A\u00C4\u00F9 caf\u221A\u00A9"},
      {"code page 437", "\u0393\u00C7\u00A3na\u251C\u00BBve\u0393\u00C7\u00A5 caf\u251C\u2310"}};
  for (const auto& [encoding, text] : misread) EXPECT_EQ(repaired(text), "\"na\u00EFve\" caf\u00E9") << encoding;
}

TEST(Repair, LeavesWhatSomebodyMayHaveWritten) {
  for (const char* text : {"na\u00EFve", "\u00C5 \u00D8 \u00C4", "\u00BFqu\u00E9?",
                           "\u041C\u043E\u0441\u043A\u0432\u0430", "\u0395\u03BB\u03BB\u03AC\u03B4\u03B1",
                           "50 \u20AC, 3\u00B0 \u00B1 \u00BD", "this&not that", "a < b &amp; c", "\U0001F600"})
    EXPECT_EQ(repaired(text), text);
}

TEST(Repair, TextThatNobodyCanReadStaysFinite) {
  std::string garble;  // ftfy finds nothing more in its own answer, either
  for (int i = 0; i < 400; ++i) garble += utf8({static_cast<char32_t>(0x80 + (i * 37) % 0x180)});
  EXPECT_EQ(repaired(repaired(garble)), repaired(garble));
  EXPECT_EQ(repaired(""), "");
  EXPECT_EQ(repaired("\n\n"), "\n\n");
}

}  // namespace
}  // namespace winnow::text
