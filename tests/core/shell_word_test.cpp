// Words that a shell takes as they were meant: asked of a real one.
#include "winnow/core/shell_word.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace winnow {
namespace {

std::string echoed(const std::string& word) {
  std::FILE* shell = ::popen(("printf %s " + word).c_str(), "r");
  std::string said;
  for (int c; (c = std::fgetc(shell)) != EOF;) said.push_back(static_cast<char>(c));
  ::pclose(shell);
  return said;
}

TEST(ShellWord, PlainNamesStayAsTheyAre) {
  for (const char* text : {"/a/b-c_d.toml", "train.lr=0.1", "a@b:c,d%+~"}) EXPECT_EQ(shell_word(text), text);
}

TEST(ShellWord, AShellReadsWhatWasMeant) {
  for (const char* text :
       {"", "a b", "it's", "''", "~", "~root", "$HOME", "`ls`", "a\\b", "x=\"y\"", "*", "a;b", "#", "a\nb", "Łódź"})
    EXPECT_EQ(echoed(shell_word(text)), text) << shell_word(text);
}

}  // namespace
}  // namespace winnow
