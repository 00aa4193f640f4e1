// What a network file system has done although it says that it has not: the reply was lost, and the call, sent again,
// found its own work (nfs(5): calls that are not idempotent).
#pragma once

#include <sys/stat.h>

#include "winnow/core/file.h"

namespace winnow {

// Of two names of files, is it the same file?
bool are_one(const struct stat& a, const struct stat& b);

// Is this file what the name leads to now? It is opened: a client may remember of a name what was true before.
bool leads_to(const Path& name, const struct stat& file);

// Has a rename that failed with this errno been carried out? `what`: `from` as it was before.
bool was_renamed(int reason, const Path& from, const struct stat& what, const Path& to);

}  // namespace winnow
