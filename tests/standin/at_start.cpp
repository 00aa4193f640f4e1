// Linked into a program, it has the stand-in from its start on.
#include "standin.h"

namespace {
[[maybe_unused]] const bool installed = (standin::install(), true);
}
