// Linked into copies of winnow and winnow-train, which are then of another revision than those beside them: what
// programs of different code do to each other is tested with real ones.
#include "winnow/core/revision.h"

namespace winnow {

std::string_view revision() { return "0.1.0+g000000000000"; }

}  // namespace winnow
