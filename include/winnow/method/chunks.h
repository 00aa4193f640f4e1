// Passes over many rows, some hundred at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace winnow::method {

// Rows of a forward without gradient: bounds its memory. The last bits of a result depend on it, so it is the same
// everywhere.
inline constexpr std::int64_t kChunkRows = 500;

// Calls visit(ids) for 0 .. count - 1 in order, at most kChunkRows at a time; ids: int64, on the host.
void for_each_chunk(std::int64_t count, const std::function<void(const at::Tensor& ids)>& visit);

}  // namespace winnow::method
