#include "text_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/byte_order_mark.h"
#include "winnow/core/error.h"

namespace winnow::data {

Lines::Lines(const Path& path) : path_(path), text_(without_byte_order_mark(read_file(path), path.string())) {}

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
