// CLIP's words: what of a text its byte pairs see.
#pragma once

#include <string>
#include <vector>

#include "unicode.h"

namespace winnow::text {

inline constexpr const char* kClipStart = "<|startoftext|>";
inline constexpr const char* kClipEnd = "<|endoftext|>";
inline constexpr const char* kWordEnd = "</w>";

// Repaired, HTML unescaped twice, white space collapsed, lower case. UsageError for a text that is no UTF-8.
std::string clip_cleaned(const std::string& text);
// The special names, 's 't 're 've 'm 'll 'd, runs of letters, single digits, runs of anything else.
class ClipWords {
 public:
  ClipWords(const std::string& start_name, const std::string& end_name);
  std::vector<std::string> operator()(const std::string& cleaned) const { return pattern_.matches(cleaned); }

 private:
  Pattern pattern_;
};
// Byte symbols of a word; the last one carries the mark of a word's end.
std::vector<std::string> clip_symbols(const std::string& word);

}  // namespace winnow::text
