#include "repair.h"

#include <algorithm>

#include "html.h"
#include "mojibake.h"
#include "unicode.h"

namespace winnow::text {

namespace {

// Unlike HTML, ftfy wants the semicolon; and it takes names in capitals for those of capitals (&EACUTE;) where HTML has
// no such name.
std::string reference(const std::string& whole) {
  std::string character = unescape_html(whole);
  bool prefix = character.size() > 1 && character.back() == ';';  // only its beginning was one
  if (whole[1] == '#') return character.find(';') == std::string::npos ? character : whole;
  if (character != whole && !prefix) return character;
  std::string small = lower(whole);
  if (character != whole || small == whole || upper(small) != whole) return whole;
  character = unescape_html(small);
  return character.back() == ';' ? whole : upper(character);
}

std::u32string plain(char32_t c) {
  switch (c) {
    case 0xFB00: return U"ff";
    case 0xFB01: return U"fi";
    case 0xFB02: return U"fl";
    case 0xFB03: return U"ffi";
    case 0xFB04: return U"ffl";
    case 0xFB05: return U"\u017Ft";
    case 0xFB06: return U"st";
    case 0x132: return U"IJ";
    case 0x133: return U"ij";
    case 0x149: return U"\u02BCn";
    case 0x1C4: return U"D\u017D";
    case 0x1C5: return U"D\u017E";
    case 0x1C6: return U"d\u017E";
    case 0x1C7: return U"LJ";
    case 0x1C8: return U"Lj";
    case 0x1C9: return U"lj";
    case 0x1CA: return U"NJ";
    case 0x1CB: return U"Nj";
    case 0x1CC: return U"nj";
    case 0x1F1: return U"DZ";
    case 0x1F2: return U"Dz";
    case 0x1F3: return U"dz";
    case 0x3000: return U" ";
    default: break;
  }
  if (c >= 0xFF01 && c <= 0xFFEF) return code_points(nfkc(utf8({c})));  // full and half width
  return {c};
}

// What comes of a character after it has become plain.
std::u32string straight(char32_t c) {
  if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return U"'";
  if (c >= 0x201C && c <= 0x201F) return U"\"";
  return {c};
}
bool is_control(char32_t c) {
  return c <= 8 || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFC);
}

std::string once(const std::string& text, bool html) {
  static const Pattern references("&#?[0-9A-Za-z]{1,24};"), terminal_escape("\\x{1B}\\[[\\p{Nd};]*[a-zA-Z]"),
      line_break("\\r\\n?|[\\x{85}\\x{2028}\\x{2029}]");
  std::string result = html && text.find('&') != std::string::npos ? references.replace(text, reference) : text;
  // Most texts: what follows would change nothing, and takes most of the time.
  if (std::all_of(result.begin(), result.end(),
                  [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t'; }))
    return result;
  result = without_c1(decoded_again(result));
  std::u32string plainer;
  for (char32_t c : code_points(result))
    for (char32_t one : plain(c)) plainer += straight(one);
  result = terminal_escape.replace(line_break.replace(utf8(plainer), "\n"), "");
  plainer = code_points(result);
  std::erase_if(plainer, is_control);
  return nfc(utf8(plainer));
}

}  // namespace

std::string repaired(const std::string& text) {
  std::string result;
  bool html = true;
  for (std::size_t first = 0; first < text.size();) {  // line by line
    std::size_t last = std::min(text.find('\n', first), text.size() - 1) + 1;
    std::string line = text.substr(first, last - first);
    if (line.find('<') != std::string::npos) html = false;  // markup, from here on
    for (int round = 0; round < 100; ++round) {  // each makes it shorter or plainer; a bound for the unforeseen
      std::string next = once(line, html);
      if (next == line) break;
      line = std::move(next);
    }
    result += line;
    first = last;
  }
  return result;
}

}  // namespace winnow::text
