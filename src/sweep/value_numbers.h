// Which value of each axis an experiment has: what a report of all experiments needs, without their settings
// regenerated one by one (100 us each; this costs about what the expansion itself does).
#pragma once

#include <cstdint>
#include <vector>

#include "expand.h"

namespace winnow::sweep {

// [axis][experiment]: the place in expansion.axes[axis].second; `absent` where the experiment has no such setting.
std::vector<std::vector<std::uint32_t>> value_numbers(const SweepFile&, const Layout&, const Catalogue&,
                                                      const Resolver&, const Expansion&, std::uint32_t absent);

}  // namespace winnow::sweep
