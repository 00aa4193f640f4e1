// Text files as people and their programs leave them: in UTF-8, with or without a byte order mark, with any line ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "winnow/core/file.h"

namespace winnow::data {

// Lines of a file, without line ends (LF, CR LF, or CR alone) and trailing blanks; empty ones are skipped.
class Lines {
 public:
  explicit Lines(const Path&);                    // DataError where it cannot be read, or is UTF-16 or UTF-32
  bool next(std::string& line);                   // DataError for a zero byte
  std::size_t number() const { return number_; }  // of the last line, from 1
  const Path& path() const { return path_; }
  [[noreturn]] void fail(const std::string& what) const;  // DataError: FILE:LINE: what

 private:
  Path path_;
  std::string text_;
  std::size_t at_ = 0, number_ = 0;
};

}  // namespace winnow::data
