#include "winnow/method/chunks.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace winnow::method {

void for_each_chunk(std::int64_t count, const std::function<void(const at::Tensor& ids)>& visit) {
  for (std::int64_t first = 0; first < count; first += kChunkRows)
    visit(at::arange(first, std::min(first + kChunkRows, count), at::TensorOptions(at::kLong)));
}

}  // namespace winnow::method
