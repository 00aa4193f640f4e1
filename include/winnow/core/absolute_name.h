// A file's name from wherever it is read.
#pragma once

#include <string>

#include "winnow/core/file.h"

namespace winnow {

// Without "." and ".."; links stay. Where the working folder is gone, the name as it was given.
inline std::string absolute_name(const Path& path) {
  std::error_code unknown;
  Path whole = std::filesystem::absolute(path, unknown);
  return (unknown ? path : whole).lexically_normal().string();
}

}  // namespace winnow
