// The pieces in which a process computes its rows where its device's memory does not take all of them at once.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/comm/collective.h"

namespace winnow::train {

// Contiguous, in order, at most `chunk` rows each; 0: all at once. An empty slice is one empty piece: what is computed
// of it still has the shape of its rows.
std::vector<comm::Slice> row_chunks(comm::Slice mine, std::int64_t chunk);

}  // namespace winnow::train
