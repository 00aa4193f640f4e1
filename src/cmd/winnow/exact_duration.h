// How long, to the second, as it changes on a screen; spoken_duration.h rounds.
#pragma once

#include <string>

namespace winnow::cmd {

// "12 s", "1 min 05 s", "2 h 10 min", "3 days 4 h"; of nonsense "0 s".
std::string exact_duration(double seconds);

}  // namespace winnow::cmd
