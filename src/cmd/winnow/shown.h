// A setting's value as people read it: texts without quotes, everything else as JSON; nothing that a terminal would
// obey.
#pragma once

#include <string>

#include "winnow/core/settings.h"

namespace winnow::cmd {

std::string shown(const Value&);

}  // namespace winnow::cmd
