// What a name on a disk leads to, and what to say of one that leads nowhere. No exception of the library.
#pragma once

#include <string>

#include "winnow/core/file.h"

namespace winnow {

// Whether something is there, at the end of all links. DataError naming the path for a link that leads nowhere or to
// itself, and for a folder on the way that may not be entered.
bool is_there(const Path&);

// Empty when the file can be opened for reading; else why not: "no such file", "a link to PATH, which is gone", "a link
// that leads to itself", "permission denied", "a folder".
std::string unreadable_because(const Path& file);

}  // namespace winnow
