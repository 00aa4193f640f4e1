// A run's status as text.
#pragma once

#include <string>

#include "terminal.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {

// `now`: seconds since the epoch. Lines are at most `screen.width` columns wide. Tolerates missing numbers.
std::string status_view(const Value& status, double now, const Terminal& screen);

}  // namespace winnow::cmd
