// Names that several processes may rename at the same time.
#pragma once

#include "winnow/core/file.h"

namespace winnow {

// Renames a file, without ever replacing, that is nobody's own: a stale lease, a damaged run file. Of several who try
// at once one does it, also where a network file system loses replies. False when `to` exists already: of them all, who
// gets true has done it. DeviceError, also where `from` is gone.
bool move_aside(const Path& from, const Path& to);

}  // namespace winnow
