#include "html.h"

#include <charconv>
#include <string_view>
#include <unordered_map>

#include "unicode.h"

namespace winnow::text {

std::string_view html5_entities();  // "name code code..." by lines: html5_entities.txt

namespace {

const std::unordered_map<std::string_view, std::string>& entities() {
  static const std::unordered_map<std::string_view, std::string> table = [] {
    std::unordered_map<std::string_view, std::string> result;
    for (std::string_view rest = html5_entities(); !rest.empty();) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      std::size_t space = line.find(' ');
      std::u32string text;
      for (std::size_t at = space; at != std::string_view::npos && at + 1 < line.size(); at = line.find(' ', at + 1)) {
        unsigned code = 0;
        std::from_chars(line.data() + at + 1, line.data() + line.size(), code, 16);
        text.push_back(code);
      }
      result.emplace(line.substr(0, space), utf8(text));
    }
    return result;
  }();
  return table;
}

// Windows-1252 in the C1 range, as browsers read it; 0: the code itself.
constexpr char32_t kC1[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
                              0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                              0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

std::string number(std::string_view digits, int base) {
  unsigned long long code = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
  if (error != std::errc() || code > 0x10FFFF || code == 0 || (code >= 0xD800 && code <= 0xDFFF)) return "\xEF\xBF\xBD";
  if (code >= 0x80 && code <= 0x9F) return utf8({kC1[code - 0x80]});
  bool control = (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F;
  bool nothing = (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
  return control || nothing ? "" : utf8({static_cast<char32_t>(code)});
}

}  // namespace

std::string unescape_html(const std::string& text) {
  if (text.find('&') == std::string::npos) return text;
  static const Pattern reference("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
  return reference.replace(text, [](const std::string& found) -> std::string {
    std::string_view name(found);
    name.remove_prefix(1);
    if (name[0] == '#') {
      if (name.back() == ';') name.remove_suffix(1);
      return name[1] == 'x' || name[1] == 'X' ? number(name.substr(2), 16) : number(name.substr(1), 10);
    }
    for (std::size_t length = name.size(); length > 1; --length)
      if (auto entity = entities().find(name.substr(0, length)); entity != entities().end())
        return entity->second + std::string(name.substr(length));
    return found;
  });
}

}  // namespace winnow::text
