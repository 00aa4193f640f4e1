#include "winnow/method/chunks.h"

#include <algorithm>

namespace winnow::method {

void for_each_chunk(std::int64_t count, c10::Device device, const std::function<void(const Ids&)>& visit) {
  for (std::int64_t first = 0; first < count; first += kChunkRows)
    visit(Ids::range(first, std::min(first + kChunkRows, count), device));
}

}  // namespace winnow::method
