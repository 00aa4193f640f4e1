#include "resolver.h"

namespace winnow::sweep {

Resolved Resolver::resolve(std::size_t grid, std::span<const std::uint32_t> digits) const {
  std::vector<Assigned> assigned;
  int number = static_cast<int>(grid) + 1;
  const Grid& from = sweep_.grids[grid];
  for (const Written& setting : sweep_.base) assigned.push_back({&setting, Level::base});
  for (const Written& setting : from.fixed) assigned.push_back({&setting, Level::grid, number});
  for (std::size_t axis = 0; axis < from.axes.size(); ++axis)
    for (const Written& setting : from.axes[axis].rows[digits[axis]])
      assigned.push_back({&setting, Level::grid, number, static_cast<int>(axis)});
  for (const Written& setting : sweep_.sets) assigned.push_back({&setting, Level::set});

  Effective effective(catalogue_, schemas_, assigned);
  std::vector<std::size_t> matched;
  for (std::size_t i = 0; i < sweep_.overrides.size(); ++i) {
    if (!effective.matches(sweep_.overrides[i].when)) continue;
    matched.push_back(i);
    auto above = assigned.end() - static_cast<std::ptrdiff_t>(sweep_.sets.size());
    std::vector<Assigned> values;
    for (const Written& setting : sweep_.overrides[i].set)
      values.push_back({&setting, Level::override, static_cast<int>(i) + 1});
    assigned.insert(above, values.begin(), values.end());
    effective = Effective(catalogue_, schemas_, assigned);
  }
  std::optional<std::size_t> excluded;
  for (std::size_t i = 0; i < sweep_.excludes.size() && !excluded; ++i)
    if (effective.matches(sweep_.excludes[i].when)) excluded = i;
  return {std::move(assigned), std::move(effective), std::move(matched), excluded};
}

}  // namespace winnow::sweep
