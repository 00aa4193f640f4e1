#include "layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "winnow/core/error.h"

namespace winnow::sweep {

Layout::Layout(const SweepFile& sweep) : first_{0} {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  for (const Grid& grid : sweep.grids) {
    std::uint64_t count = 1;
    sizes_.emplace_back();
    for (const Axis& axis : grid.axes) {
      sizes_.back().push_back(static_cast<std::uint32_t>(axis.rows.size()));
      count *= axis.rows.size();
      if (first_.back() + count > kMost)
        throw UsageError(
            fmt::format("{}: with this grid the sweep has more than {} combinations", grid.place.text(), kMost));
    }
    first_.push_back(first_.back() + static_cast<std::uint32_t>(count));
  }
}

Layout::At Layout::locate(std::uint32_t combination) const {
  auto above = std::upper_bound(first_.begin(), first_.end(), combination);
  At at{static_cast<std::size_t>(above - first_.begin()) - 1, {}};
  std::uint32_t rest = combination - first_[at.grid];
  const auto& sizes = sizes_[at.grid];
  at.digits.resize(sizes.size());
  for (std::size_t axis = sizes.size(); axis-- > 0; rest /= sizes[axis]) at.digits[axis] = rest % sizes[axis];
  return at;
}

void Layout::advance(std::size_t grid, std::vector<std::uint32_t>& digits) const {
  const auto& sizes = sizes_[grid];
  for (std::size_t axis = sizes.size(); axis-- > 0; digits[axis] = 0)
    if (++digits[axis] < sizes[axis]) return;
}

}  // namespace winnow::sweep
