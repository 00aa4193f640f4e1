// How long stages took, as the journal of a store tells it.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "winnow/core/file.h"

namespace winnow::fleet {

struct Duration {
  double seconds = 0;      // on average
  std::size_t stages = 0;  // that it rests on
};

// By class of stage (Work::classes), over all sweeps that ran in the store. Safe while a coordinator writes. Nothing
// where nothing ran. DataError when a file cannot be read.
std::map<std::string, Duration> durations(const Path& store);

}  // namespace winnow::fleet
