// Names that several processes may rename at the same time.
#pragma once

#include "winnow/core/file.h"

namespace winnow {

// Renames, without ever replacing, what is nobody's own: a stale lease, a damaged run file. Of several who try at once
// one does it. False when `to` exists already, also where this was its own doing and a network file system has lost the
// reply: it cannot be told from another process's, which may have put something new under the old name since
// (rename_without_replacing, for names of one's own, can tell). DeviceError, also where `from` is gone.
bool move_aside(const Path& from, const Path& to);

}  // namespace winnow
