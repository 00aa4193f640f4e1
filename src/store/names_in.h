// What lies in a folder of a store.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::store {

// Sorted. Empty for a folder that is not there, whatever an old listing of a network file system says. DeviceError for
// one that cannot be read: its results would count as missing.
std::vector<std::string> names_in(const Path& folder);

}  // namespace winnow::store
