#include "text_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::data {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMark = "\xef\xbb\xbf";

// The longer mark first: UTF-32's begins like UTF-16's.
constexpr std::pair<std::string_view, const char*> kOthers[] = {
    {"\xff\xfe\0\0"sv, "UTF-32"}, {"\0\0\xfe\xff"sv, "UTF-32"}, {"\xff\xfe"sv, "UTF-16"}, {"\xfe\xff"sv, "UTF-16"}};

}  // namespace

std::string text_of(std::string content, const std::string& name) {
  for (auto [mark, coding] : kOthers)
    if (content.starts_with(mark)) throw DataError(fmt::format("{}: a text in {}; save it in UTF-8", name, coding));
  if (content.starts_with(kMark)) content.erase(0, kMark.size());
  return content;
}

std::string read_text(const Path& path) { return text_of(read_file(path), path.string()); }

Lines::Lines(const Path& path) : path_(path), text_(read_text(path)) {}

bool Lines::next(std::string& line) {
  while (at_ < text_.size()) {
    std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    line = text_.substr(at_, end - at_);
    at_ = end + (text_.compare(end, 2, "\r\n") == 0 ? 2 : 1);
    ++number_;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
    if (line.find('\0') != std::string::npos) fail("a zero byte: not a text file");
    if (!line.empty()) return true;
  }
  return false;
}

void Lines::fail(const std::string& what) const {
  throw DataError(fmt::format("{}:{}: {}", path_.string(), number_, what));
}

}  // namespace winnow::data
