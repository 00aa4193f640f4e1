#include "winnow/core/shell_word.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace winnow {

std::string shell_word(std::string_view text) {
  auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || (c && std::strchr("/-_.+,:=@%~", c));
  };
  if (!text.empty() && text[0] != '~' && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace winnow
