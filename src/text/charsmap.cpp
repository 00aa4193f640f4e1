#include "charsmap.h"

#include <cstring>

#include "unicode.h"
#include "winnow/core/error.h"

namespace winnow::text {

namespace {

// The unit layout of Darts-clone.
bool has_leaf(std::uint32_t unit) { return (unit >> 8) & 1; }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7FFFFFFF; }
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000FF; }
std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

}  // namespace

Charsmap::Charsmap(const std::string& blob) {
  std::uint32_t bytes = 0;
  if (blob.size() >= 4) std::memcpy(&bytes, blob.data(), 4);
  if (blob.size() < 4 || bytes % 4 != 0 || bytes == 0 || bytes > blob.size() - 4 || blob.back() != '\0')
    throw DataError("the precompiled character map is damaged");
  units_.resize(bytes / 4);
  std::memcpy(units_.data(), blob.data() + 4, bytes);
  strings_ = blob.substr(4 + bytes);
}

const char* Charsmap::replacement(std::string_view whole) const {
  std::uint32_t node = offset(units_[0]);
  for (char c : whole) {
    if (c == '\0') return nullptr;
    node ^= static_cast<unsigned char>(c);
    if (node >= units_.size() || label(units_[node]) != static_cast<unsigned char>(c)) return nullptr;
    std::uint32_t unit = units_[node];
    node ^= offset(unit);
    if (node >= units_.size()) return nullptr;
    // sentencepiece takes the shortest match of a character's bytes.
    if (has_leaf(unit)) return value(units_[node]) < strings_.size() ? strings_.data() + value(units_[node]) : nullptr;
  }
  return nullptr;
}

std::string Charsmap::normalise(const std::string& text) const {
  static const Pattern graphemes("\\X");
  std::string result;
  for (const std::string& grapheme : graphemes.matches(text)) {
    if (grapheme.size() < 6)
      if (const char* whole = replacement(grapheme)) {
        result += whole;
        continue;
      }
    for (char32_t c : code_points(grapheme)) {
      std::string one = utf8({c});
      const char* other = replacement(one);
      result += other ? other : one;
    }
  }
  return result;
}

}  // namespace winnow::text
