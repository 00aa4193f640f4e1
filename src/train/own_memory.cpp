#include "own_memory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "winnow/core/error.h"

namespace winnow::train {

namespace {

struct Range {
  std::uintptr_t first = 0, end = 0;
  const Held* held = nullptr;
  bool written = false;
};

void add(std::vector<Range>& ranges, const Held& held, bool written) {
  const at::Tensor& tensor = held.tensor;
  if (!tensor.defined() || tensor.numel() == 0 || tensor.is_meta()) return;
  std::int64_t last = 0;  // element that lies farthest from the first
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) last += (tensor.size(axis) - 1) * tensor.stride(axis);
  auto first = reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr());
  ranges.push_back({first, first + static_cast<std::uintptr_t>(last + 1) * tensor.element_size(), &held, written});
}

}  // namespace

void require_own_memory(const std::vector<Held>& written, const std::vector<Held>& read) {
  std::vector<Range> ranges;
  for (const Held& held : written) add(ranges, held, true);
  for (const Held& held : read) add(ranges, held, false);
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  Range widest, widest_written;  // of those so far, that which ends last
  for (const Range& range : ranges) {
    const Range& other = range.written ? widest : widest_written;
    if (range.first < other.end)
      throw InternalError(fmt::format("{} and {} share memory: what trains one would change the other",
                                      other.held->holder, range.held->holder));
    if (range.end > widest.end) widest = range;
    if (range.written && range.end > widest_written.end) widest_written = range;
  }
}

}  // namespace winnow::train
