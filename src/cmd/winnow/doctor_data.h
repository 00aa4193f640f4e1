// winnow doctor data NAME: for a person who does not have the data set yet, or whose copy is refused.
#pragma once

#include <optional>

#include "winnow/data/dataset.h"

namespace winnow::cmd {

// Where to get it, what its layout needs, what of it is there or missing, and whether it is still what was checked.
// True when nothing is in the way of using it.
bool diagnose(const data::Manifest&, const std::optional<Path>& root, bool json);

}  // namespace winnow::cmd
