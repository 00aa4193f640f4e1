// Which code this is: what run files, checkpoints, the journal and --version record.
#pragma once

#include <string_view>

namespace winnow {

// "0.1.0+g<12 digits of the commit>"; with "-dirty.<12 digits of a hash of the sources>" where they are not what was
// committed. Without git: "0.1.0+g<commit>-archive.<hash>" in what `git archive` made, else "0.1.0+sources.<hash>".
// cmake/revision.sh makes it at every build. Two programs with the same revision were built from the same sources.
std::string_view revision();

}  // namespace winnow
