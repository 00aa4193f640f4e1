#include "mat_text.h"

#include <cstdint>
#include <cstring>

namespace winnow::data {

namespace {

void append(std::string& text, std::uint32_t code) {
  auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    tail(12), tail(6), tail(0);
  }
}

bool is_surrogate(std::uint32_t code) { return code >= 0xd800 && code < 0xe000; }

template <class Unit>
Unit unit_at(const matvar_t& value, std::size_t i) {
  Unit unit;
  std::memcpy(&unit, static_cast<const char*>(value.data) + i * sizeof unit, sizeof unit);
  return unit;
}

std::optional<std::string> from_utf16(const matvar_t& value) {
  std::string text;
  std::size_t units = value.nbytes / 2;
  for (std::size_t i = 0; i < units; ++i) {
    std::uint32_t code = unit_at<std::uint16_t>(value, i);
    if (is_surrogate(code)) {
      std::uint32_t low = i + 1 < units ? unit_at<std::uint16_t>(value, i + 1) : 0;
      if (code >= 0xdc00 || low < 0xdc00 || low >= 0xe000) return std::nullopt;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      ++i;
    }
    append(text, code);
  }
  return text;
}

std::optional<std::string> from_utf32(const matvar_t& value) {
  std::string text;
  for (std::size_t i = 0; i < value.nbytes / 4; ++i) {
    auto code = unit_at<std::uint32_t>(value, i);
    if (is_surrogate(code) || code > 0x10ffff) return std::nullopt;
    append(text, code);
  }
  return text;
}

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    if (is_surrogate(code) || code > 0x10ffff || (length == 3 && code < 0x800) || (length == 4 && code < 0x10000))
      return false;
    i += length;
  }
  return true;
}

}  // namespace

std::optional<std::string> utf8_of(const matvar_t& value) {
  if (!value.data || value.nbytes == 0) return std::string();
  if (value.data_size == 2) return from_utf16(value);
  if (value.data_size == 4) return from_utf32(value);
  if (value.data_size != 1) return std::nullopt;
  std::string bytes(static_cast<const char*>(value.data), value.nbytes);
  if (is_utf8(bytes)) return bytes;
  if (value.data_type == MAT_T_UTF8) return std::nullopt;
  std::string text;
  for (char c : bytes) append(text, static_cast<unsigned char>(c));
  return text;
}

}  // namespace winnow::data
