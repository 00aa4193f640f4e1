// sentencepiece's precompiled character map: a double-array trie of source strings, and the strings that replace them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace winnow::text {

class Charsmap {
 public:
  explicit Charsmap(const std::string& blob);  // DataError for one that is damaged
  std::string normalise(const std::string& text) const;

 private:
  const char* replacement(std::string_view whole) const;  // of exactly this string; null: none
  std::vector<std::uint32_t> units_;
  std::string strings_;  // each ends with a zero
};

}  // namespace winnow::text
