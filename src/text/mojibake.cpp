#include "mojibake.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

std::string_view mojibake();  // "name = class", "[pattern]", then its alternatives a line; # begins a comment

namespace {

constexpr char32_t kReplacement = 0xFFFD, kSubstitute = 0x1A;

// Bytes as text: character U+00NN for each, so that patterns apply to them.
std::string bytes_of(const std::string& as_text) {
  std::string result;
  for (char32_t c : code_points(as_text)) result.push_back(static_cast<char>(c));
  return result;
}
std::string as_text(const std::string& bytes) {
  std::u32string result;
  for (unsigned char byte : bytes) result.push_back(byte);
  return utf8(result);
}

struct Patterns {
  Pattern bad, utf8_inside;
};

const Patterns& patterns() {
  static const Patterns all = [] {
    std::istringstream lines{std::string(mojibake())};
    std::vector<std::pair<std::string, std::string>> classes;
    std::map<std::string, std::string> found;
    std::string* pattern = nullptr;
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line[0] == '#') continue;
      if (std::size_t equals = line.find(" = "); !pattern && equals != std::string::npos) {
        classes.emplace_back("{" + line.substr(0, equals) + "}", line.substr(equals + 3));
      } else if (line[0] == '[' &&
                 line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", 1) == line.size() - 1) {
        pattern = &found[line.substr(1, line.size() - 2)];
      } else {
        for (const auto& [name, characters] : classes)
          for (std::size_t at = line.find(name); at != std::string::npos; at = line.find(name, at + characters.size()))
            line.replace(at, name.size(), characters);
        *pattern += (pattern->empty() ? "" : "|") + line;
      }
    }
    return Patterns{Pattern(found.at("badness")), Pattern(found.at("utf8"))};
  }();
  return all;
}

bool is_bad(const std::string& text) { return !patterns().bad.matches(text).empty(); }

// A single-byte encoding. A sloppy one lets bytes that it leaves open stand for themselves, and writes U+FFFD as byte
// 1A.
struct Encoding {
  const char* name;  // ICU's
  bool sloppy;
  std::map<char32_t, unsigned char> bytes = {};  // of what is beyond ASCII

  std::optional<std::string> encoded(const std::u32string& text) const {
    std::string result;
    for (char32_t c : text) {
      if (c == (sloppy ? kReplacement : kSubstitute)) {
        result.push_back(kSubstitute);
      } else if (c < 0x80 && c != kSubstitute) {
        result.push_back(static_cast<char>(c));
      } else {
        auto found = bytes.find(c);
        if (found == bytes.end()) return std::nullopt;
        result.push_back(static_cast<char>(found->second));
      }
    }
    return result;
  }
};

// In the order in which they are tried.
const std::vector<Encoding>& encodings() {
  static const std::vector<Encoding> all = [] {
    std::vector<Encoding> result = {{"latin-1", false},     {"windows-1252", true}, {"windows-1251", true},
                                    {"windows-1250", true}, {"windows-1253", true}, {"windows-1254", true},
                                    {"windows-1257", true}, {"iso-8859-2", false},  {"macintosh", false},
                                    {"cp437", false}};
    for (Encoding& encoding : result) {
      UErrorCode status = U_ZERO_ERROR;
      UConverter* converter = ucnv_open(encoding.name, &status);
      if (U_FAILURE(status)) throw InternalError(std::string("ICU has no encoding ") + encoding.name);
      for (unsigned byte = 0x80; byte < 0x100; ++byte) {
        char source = static_cast<char>(byte);
        UChar target[2] = {};
        status = U_ZERO_ERROR;
        std::int32_t length = ucnv_toUChars(converter, target, 2, &source, 1, &status);
        char32_t c = length == 1 && target[0] != kReplacement ? target[0] : byte;
        if (std::string_view(encoding.name) == "cp437" && byte == 0xE6) c = 0xB5;  // the micro sign; ICU has a mu
        encoding.bytes[c] = static_cast<unsigned char>(byte);
      }
      ucnv_close(converter);
    }
    return result;
  }();
  return all;
}

// A byte A0 of UTF-8, a no-break space once misread, became a space on the way ("voil\u00C3 "). After C3, a
// letter a with grave accent, there were most likely two spaces, of which one is left.
std::string with_a0(const std::string& bytes) {
  static const Pattern altered(
      "[\\x{C2}\\x{C3}\\x{C5}\\x{CE}\\x{D0}\\x{D9}][ ]|[\\x{E2}\\x{E3}][ "
      "][\\x{80}-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{BF}]"
      "|[\\x{E0}-\\x{E3}][\\x{80}-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{BF}][ ]|\\x{F0}[ "
      "][\\x{80}-\\x{BF}]{2}|\\x{F0}[\\x{80}-\\x{BF}][ ][\\x{80}-\\x{BF}]"
      "|\\x{F0}[\\x{80}-\\x{BF}]{2}[ ]");
  static const Pattern grave("\\x{C3} (?! |quele|quela|quilo|s )");
  if (altered.matches(bytes).empty()) return bytes;
  return altered.replace(grave.replace(bytes, "\u00C3\u00A0 "), [](const std::string& part) {
    std::u32string all = code_points(part);
    std::replace(all.begin(), all.end(), U' ', U'\u00A0');
    return utf8(all);
  });
}

// Sequences of which a byte was lost are U+FFFD as a whole.
std::string without_lost(const std::string& bytes) {
  static const Pattern lost(
      "[\\x{C2}-\\x{DF}]\\x{1A}|[\\x{C2}-\\x{C3}][?]"
      "|\\x{ED}[\\x{A0}-\\x{AF}][\\x{1A}?]\\x{ED}[\\x{B0}-\\x{BF}][\\x{1A}?\\x{80}-\\x{BF}]|\\x{ED}[\\x{A0}-\\x{AF}]["
      "\\x{1A}?\\x{80}-\\x{BF}]\\x{ED}[\\x{B0}-\\x{BF}][\\x{1A}?]"
      "|[\\x{E0}-\\x{EF}][\\x{1A}?][\\x{1A}\\x{80}-\\x{BF}]|[\\x{E0}-\\x{EF}][\\x{1A}\\x{80}-\\x{BF}][\\x{1A}?]"
      "|[\\x{F0}-\\x{F4}][\\x{1A}?][\\x{1A}\\x{80}-\\x{BF}][\\x{1A}\\x{80}-\\x{BF}]|[\\x{F0}-\\x{F4}][\\x{1A}\\x{80}-"
      "\\x{BF}][\\x{1A}?][\\x{1A}\\x{80}-\\x{BF}]"
      "|[\\x{F0}-\\x{F4}][\\x{1A}\\x{80}-\\x{BF}][\\x{1A}\\x{80}-\\x{BF}][\\x{1A}?]|\\x{1A}");
  return lost.replace(bytes, as_text("\xEF\xBF\xBD"));
}

// UTF-8 in two variants: surrogates written as three bytes each, and NUL as C0 80.
std::string without_variants(const std::string& bytes) {
  static const Pattern surrogates("\\x{ED}[\\x{A0}-\\x{AF}][\\x{80}-\\x{BF}]\\x{ED}[\\x{B0}-\\x{BF}][\\x{80}-\\x{BF}]"),
      nul("\\x{C0}\\x{80}");
  std::string paired = surrogates.replace(bytes, [](const std::string& part) {
    std::u32string b = code_points(part);
    char32_t c = ((b[1] & 0x0F) << 16) + ((b[2] & 0x3F) << 10) + ((b[4] & 0x0F) << 6) + (b[5] & 0x3F) + 0x10000;
    return as_text(utf8({c}));
  });
  return nul.replace(paired, std::string(1, '\0'));
}

std::string one_step(const std::string& text) {
  if (!is_bad(text)) return text;
  std::u32string all = code_points(text);
  for (const Encoding& encoding : encodings()) {
    std::optional<std::string> encoded = encoding.encoded(all);
    if (!encoded) continue;
    std::string bytes = as_text(*encoded);
    if (std::string_view(encoding.name) != "macintosh")
      bytes = with_a0(bytes);  // there it would be an en dash and a space
    if (encoding.sloppy) bytes = without_lost(bytes);
    if (std::string again = bytes_of(without_variants(bytes)); is_utf8(again)) return again;
  }
  std::string parts = patterns().utf8_inside.replace(text, [&](const std::string& part) {
    return part.size() < text.size() && is_bad(part) ? decoded_again(part) : part;
  });
  return parts != text ? parts : without_c1(text);
}

}  // namespace

std::string without_c1(const std::string& text) {
  static const std::map<char32_t, char32_t> windows = [] {
    std::map<char32_t, char32_t> result;
    for (const auto& [c, byte] : encodings()[1].bytes)
      if (byte < 0xA0) result[byte] = c;
    return result;
  }();
  std::u32string all = code_points(text);
  for (char32_t& c : all)
    if (auto found = windows.find(c); found != windows.end()) c = found->second;
  return utf8(all);
}

std::string decoded_again(const std::string& text) {
  if (is_ascii(text)) return text;  // every sign of bad decoding has a character beyond
  std::string now = text;
  for (int round = 0; round < 100; ++round) {  // each makes it shorter; a bound for the unforeseen
    std::string next = one_step(now);
    if (next == now) break;
    now = std::move(next);
  }
  return now;
}

}  // namespace winnow::text
