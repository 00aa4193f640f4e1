// Numbers every combination of every grid's axes: grid by grid, the last axis fastest.
#pragma once

#include <cstdint>
#include <vector>

#include "grammar.h"

namespace winnow::sweep {

class Layout {
 public:
  explicit Layout(const SweepFile&);  // UsageError for more combinations than 32 bits count

  struct At {
    std::size_t grid;
    std::vector<std::uint32_t> digits;  // one for each axis
  };
  std::uint32_t first(std::size_t grid) const { return first_[grid]; }
  std::uint32_t count(std::size_t grid) const { return first_[grid + 1] - first_[grid]; }
  At locate(std::uint32_t combination) const;
  // To the next combination of a grid; wraps around after the last.
  void advance(std::size_t grid, std::vector<std::uint32_t>& digits) const;

 private:
  std::vector<std::vector<std::uint32_t>> sizes_;  // of the axes, by grid
  std::vector<std::uint32_t> first_;               // by grid, and the total
};

}  // namespace winnow::sweep
