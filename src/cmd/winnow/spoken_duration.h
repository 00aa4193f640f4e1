// How long, as one says it.
#pragma once

#include <string>

namespace winnow::cmd {

// "0.31 s", "12 s", "4 min", "2 h 10 min", "3 days 4 h"
std::string spoken_duration(double seconds);

}  // namespace winnow::cmd
