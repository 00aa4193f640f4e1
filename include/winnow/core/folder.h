// Folders that a person named.
#pragma once

#include <string>

#include "winnow/core/file.h"

namespace winnow {

// UsageError where it is none: "WHAT FOLDER: there is no such folder (did you mean 'x'?)", with what lies beside it.
void require_folder(const std::string& what, const Path& folder);

}  // namespace winnow
