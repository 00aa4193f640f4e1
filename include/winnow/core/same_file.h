// Two names, one file?
#pragma once

#include "winnow/core/file.h"

namespace winnow {

// However they are spelt, through links too; not where one of them cannot be looked at.
inline bool same_file(const Path& one, const Path& other) {
  std::error_code unseen;
  return std::filesystem::equivalent(one, other, unseen) && !unseen;
}

}  // namespace winnow
