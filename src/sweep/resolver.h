// From a place in a grid to effective settings: which settings of the sweep file apply there, overrides included.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "effective.h"

namespace winnow::sweep {

// What one experiment resolves to.
struct Resolved {
  std::vector<Assigned> assigned;  // from low to high
  Effective effective;
  std::vector<std::size_t> overrides;   // those that matched
  std::optional<std::size_t> excluded;  // by this [[exclude]]
};

// Keeps references to what it is made from.
class Resolver {
 public:
  Resolver(const SweepFile& sweep, const Catalogue& catalogue, const Schemas& schemas)
      : sweep_(sweep), catalogue_(catalogue), schemas_(schemas) {}

  // `digits[a]` is the row of axis a. Overrides apply one after the other: a condition sees what earlier ones set, and
  // --set, which is above all of them.
  Resolved resolve(std::size_t grid, std::span<const std::uint32_t> digits) const;

 private:
  const SweepFile& sweep_;
  const Catalogue& catalogue_;
  const Schemas& schemas_;
};

}  // namespace winnow::sweep
