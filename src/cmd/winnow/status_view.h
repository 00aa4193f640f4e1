// A run's status as text.
#pragma once

#include <string>

#include "terminal.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {

// `now`: seconds since the epoch. Lines are at most `screen.width` columns wide, and at most `rows` of them if it is
// not 0: what runs is cut first, saying so. Whatever words the status holds, no control character reaches the terminal,
// and numbers that are missing or no numbers are left out.
std::string status_view(const Value& status, double now, const Terminal& screen, std::size_t rows = 0);

}  // namespace winnow::cmd
