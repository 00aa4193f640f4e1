#include "unicode.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::text {

namespace {

icu::UnicodeString wide(const std::string& text) { return icu::UnicodeString::fromUTF8(text); }

std::string narrow(const icu::UnicodeString& text) {
  std::string result;
  text.toUTF8String(result);
  return result;
}

void require(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) throw InternalError(fmt::format("{}: {}", what, u_errorName(status)));
}

using Instance = const icu::Normalizer2* (*)(UErrorCode&);
std::string normalised(const std::string& text, Instance instance) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normaliser = instance(status);
  require(status, "ICU's normaliser");
  icu::UnicodeString result = normaliser->normalize(wide(text), status);
  require(status, "ICU's normaliser");
  return narrow(result);
}

}  // namespace

bool is_utf8(const std::string& text) {
  auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c;
    U8_NEXT(text.data(), i, length, c);
    if (c < 0) return false;
  }
  return true;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::u32string code_points(const std::string& text) {
  std::u32string result;
  auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 c;
    U8_NEXT(text.data(), i, length, c);
    result.push_back(c < 0 ? U'\uFFFD' : static_cast<char32_t>(c));
  }
  return result;
}

std::string utf8(const std::u32string& text) {
  return narrow(icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                              static_cast<std::int32_t>(text.size())));
}

std::string nfc(const std::string& text) { return normalised(text, &icu::Normalizer2::getNFCInstance); }
std::string nfd(const std::string& text) { return normalised(text, &icu::Normalizer2::getNFDInstance); }
std::string nfkc(const std::string& text) { return normalised(text, &icu::Normalizer2::getNFKCInstance); }
std::string nfkd(const std::string& text) { return normalised(text, &icu::Normalizer2::getNFKDInstance); }

std::string lower(const std::string& text) { return narrow(wide(text).toLower(icu::Locale::getRoot())); }

std::string upper(const std::string& text) { return narrow(wide(text).toUpper(icu::Locale::getRoot())); }

std::string lower_each(const std::string& text) {
  std::string result;
  for (char32_t c : code_points(text))
    result += narrow(icu::UnicodeString(static_cast<UChar32>(c)).toLower(icu::Locale::getRoot()));
  return result;
}

std::string strip(const std::string& text, bool left, bool right) {
  // Python's str.strip counts the four information separators as white space, too.
  auto space = [](char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) || (c >= 0x1C && c <= 0x1F); };
  std::u32string all = code_points(text);
  std::size_t first = 0, last = all.size();
  if (left)
    while (first < last && space(all[first])) ++first;
  if (right)
    while (last > first && space(all[last - 1])) --last;
  return utf8(all.substr(first, last - first));
}

struct Pattern::Impl {
  std::unique_ptr<icu::RegexPattern> pattern;
};

Pattern::Pattern(const std::string& expression, bool ignore_case) : impl_(std::make_unique<Impl>()) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  impl_->pattern.reset(
      icu::RegexPattern::compile(wide(expression), ignore_case ? UREGEX_CASE_INSENSITIVE : 0, where, status));
  if (U_FAILURE(status))
    throw DataError(fmt::format("the regular expression '{}' cannot be read: {} at {}", expression, u_errorName(status),
                                where.offset));
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

std::vector<std::pair<std::string, bool>> Pattern::parts(const std::string& text) const {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString whole = wide(text);
  std::unique_ptr<icu::RegexMatcher> matcher(impl_->pattern->matcher(whole, status));
  require(status, "ICU's matcher");
  std::vector<std::pair<std::string, bool>> result;
  std::int32_t at = 0;
  while (matcher->find(status) && U_SUCCESS(status)) {
    std::int32_t first = matcher->start(status), last = matcher->end(status);
    if (first > at) result.emplace_back(narrow(whole.tempSubStringBetween(at, first)), false);
    if (last > first) result.emplace_back(narrow(whole.tempSubStringBetween(first, last)), true);
    at = last;
  }
  require(status, "ICU's matcher");
  if (at < whole.length()) result.emplace_back(narrow(whole.tempSubStringBetween(at, whole.length())), false);
  return result;
}

std::vector<std::string> Pattern::matches(const std::string& text) const {
  std::vector<std::string> result;
  for (auto& [part, matched] : parts(text))
    if (matched) result.push_back(part);
  return result;
}

std::string Pattern::replace(const std::string& text,
                             const std::function<std::string(const std::string&)>& replacement) const {
  std::string result;
  for (auto& [part, matched] : parts(text)) result += matched ? replacement(part) : part;
  return result;
}

std::string Pattern::replace(const std::string& text, const std::string& replacement) const {
  return replace(text, [&](const std::string&) { return replacement; });
}

}  // namespace winnow::text
