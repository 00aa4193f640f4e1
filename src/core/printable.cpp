#include "winnow/core/printable.h"

#include <fmt/format.h>

#include <cstdint>

namespace winnow {

namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The character that `text`, not empty, begins with. Overlong forms, surrogates and numbers beyond Unicode are not
// valid.
Character first_of(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1, true};
  std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {};
  std::uint32_t code = byte(0) & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, bytes, true};
}

bool harmless(const Character& c) {
  auto within = [&](std::uint32_t first, std::uint32_t last) { return c.code >= first && c.code <= last; };
  return c.valid && !within(0, 0x1F) && !within(0x7F, 0x9F) && !within(0x2028, 0x202E) && !within(0x2066, 0x2069);
}

std::string cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  bool escaped = false;
  for (std::size_t at = 0; at < text.size();) {
    Character c = first_of(text.substr(at));
    if (harmless(c)) {
      if (c.code == '\\') result += '\\';
      result += text.substr(at, c.bytes);
    } else {
      escaped = true;
      if (!c.valid) result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
      else if (c.code == '\n') result += "\\n";
      else if (c.code == '\t') result += "\\t";
      else if (c.code == '\r') result += "\\r";
      else result += fmt::format("\\u{:04x}", c.code);
    }
    at += c.bytes;
  }
  return cut(escaped ? std::move(result) : std::string(text), most);
}

}  // namespace winnow
