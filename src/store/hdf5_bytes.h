// A run file, built in memory.
#pragma once

#include "memory.h"
#include "winnow/store/run_file.h"

namespace winnow::store {

// The whole file with a user block of zeros. DataError for content that cannot be stored (columns of different lengths,
// a name used twice).
Memory build_image(const RunContent&, const std::string& canonical, const Hash128& result_digest);

}  // namespace winnow::store
