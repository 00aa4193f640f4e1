// Passes over many rows, some hundred at a time.
#pragma once

#include <cstdint>
#include <functional>

#include "winnow/method/ids.h"

namespace winnow::method {

// Rows of a forward without gradient: bounds its memory. The last bits of a result depend on it, so it is the same
// everywhere.
inline constexpr std::int64_t kChunkRows = 500;

// Calls visit(ids) for 0 .. count - 1 in order, at most kChunkRows at a time.
void for_each_chunk(std::int64_t count, c10::Device, const std::function<void(const Ids&)>& visit);

}  // namespace winnow::method
