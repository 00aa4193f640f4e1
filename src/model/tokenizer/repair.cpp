#include "repair.h"

#include <optional>

#include "html.h"
#include "unicode.h"

namespace winnow::model {

namespace {

// Windows-1252's 0x80 to 0x9F; the five bytes that it leaves open stand for themselves.
constexpr char32_t kWindows1252[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160,
                                       0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                       0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E, 0x178};

// The byte that Windows-1252 (or Latin-1) decodes to this character.
std::optional<unsigned char> byte_of(char32_t c) {
  if (c < 0x100) return static_cast<unsigned char>(c);
  for (unsigned i = 0; i < 32; ++i)
    if (kWindows1252[i] == c) return static_cast<unsigned char>(0x80 + i);
  return std::nullopt;
}

// Length of a UTF-8 sequence by its first byte; 0 for bytes that begin none of two or more.
std::size_t sequence_length(unsigned char first) {
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

// Characters whose bytes form UTF-8 sequences become what those say. A sequence's last byte 0xA0, a no-break space, may have become
// a space on the way ("voil\u00c3  le"); that is believed only of the letter a with grave accent.
std::string decoded_again(const std::string& text) {
  std::u32string all = code_points(text), result;
  for (std::size_t i = 0; i < all.size();) {
    std::optional<unsigned char> first = all[i] >= 0x80 ? byte_of(all[i]) : std::nullopt;
    std::size_t length = first ? sequence_length(*first) : 0;
    std::string bytes;
    if (length && i + length <= all.size()) {
      bytes.push_back(static_cast<char>(*first));
      for (std::size_t j = 1; j < length; ++j) {
        std::optional<unsigned char> next = byte_of(all[i + j]);
        if (next && *next == ' ' && *first == 0xC3) next = 0xA0;
        if (next) bytes.push_back(static_cast<char>(*next));
      }
    }
    if (length && bytes.size() == length && is_utf8(bytes)) {
      result += code_points(bytes);
      i += length;
      // The space that followed the lost no-break space is the one between the words.
    } else {
      result.push_back(all[i++]);
    }
  }
  return utf8(result);
}

std::u32string plain(char32_t c) {
  if (c >= 0x80 && c <= 0x9F) return {kWindows1252[c - 0x80]};
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
  if (c >= 0xFF01 && c <= 0xFFEF) return code_points(nfkc(utf8({c})));            // full and half width
  if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return U"'";
  if (c >= 0x201C && c <= 0x201F) return U"\"";
  if (c == 0x2028 || c == 0x2029) return U"\n";
  bool control = c <= 8 || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
                 (c >= 0xFFF9 && c <= 0xFFFB);
  return control ? std::u32string() : std::u32string{c};
}

std::string once(const std::string& text) {
  std::string result = text.find('<') == std::string::npos ? unescape_html(text) : text;
  static const Pattern terminal_escape("\\x{1B}\\[[0-9;]*[a-zA-Z]"), line_break("\\r\\n?|\\x{85}");
  result = decoded_again(terminal_escape.replace(result, ""));
  result = line_break.replace(result, "\n");
  std::u32string characters;
  for (char32_t c : code_points(result)) characters += plain(c);
  return nfc(utf8(characters));
}

}  // namespace

std::string repaired(const std::string& text) {
  std::string now = text;
  for (int round = 0; round < 20; ++round) {      // each round shortens it or makes it plainer; a bound for the unforeseen
    std::string next = once(now);
    if (next == now) break;
    now = std::move(next);
  }
  return now;
}

}  // namespace winnow::model
