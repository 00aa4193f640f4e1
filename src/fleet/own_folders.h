// Folders of a store in which files are removed and cut: they must be the store's own.
#pragma once

#include "winnow/core/file.h"

namespace winnow::fleet {

// UsageError where `requests` or `journal` is a link or no folder: what is done there would be done to files of
// somebody else. Known by a listing: a network file system remembers for a minute that a name was absent when it was
// looked up.
void require_own_folders(const Path& store);

}  // namespace winnow::fleet
