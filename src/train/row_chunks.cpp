#include "row_chunks.h"

#include <algorithm>

namespace winnow::train {

std::vector<comm::Slice> row_chunks(comm::Slice mine, std::int64_t chunk) {
  if (chunk <= 0 || mine.size() == 0) return {mine};
  std::vector<comm::Slice> chunks;
  for (std::int64_t first = mine.first; first < mine.last; first += chunk)
    chunks.push_back({first, std::min(first + chunk, mine.last)});
  return chunks;
}

}  // namespace winnow::train
