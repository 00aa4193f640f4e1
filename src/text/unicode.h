// Unicode by ICU, on UTF-8 strings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace winnow::text {

bool is_utf8(const std::string&);
bool is_ascii(const std::string&);
std::u32string code_points(const std::string& utf8);
std::string utf8(const std::u32string&);

std::string nfc(const std::string&);
std::string nfd(const std::string&);
std::string nfkc(const std::string&);
std::string nfkd(const std::string&);
std::string lower(
    const std::string&);  // of the whole text, as Python's str.lower: a sigma at a word's end is the final one
std::string lower_each(const std::string&);  // of each code point by itself, as Hugging Face's Lowercase
std::string upper(const std::string&);       // of the whole text, as Python's str.upper
std::string strip(const std::string&, bool left = true, bool right = true);

// A regular expression in ICU's syntax. DataError for one that ICU does not read.
class Pattern {
 public:
  explicit Pattern(const std::string& expression, bool ignore_case = false);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  // Every part of the text in order, and whether it matched.
  std::vector<std::pair<std::string, bool>> parts(const std::string& text) const;
  std::vector<std::string> matches(const std::string& text) const;
  std::string replace(const std::string& text, const std::function<std::string(const std::string&)>& replacement) const;
  std::string replace(const std::string& text, const std::string& replacement) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace winnow::text
