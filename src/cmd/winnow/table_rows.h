// The rows of a sweep's table, as an order of work: one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// By node of the plan: the first row that needs it, counted from 0 in the order of the sweep. A row is a method, of
// several stages those of each, with all its columns and seeds; where the sweep compares none, what differs in nothing
// but the seed.
struct TableRows {
  std::uint32_t count = 1;
  std::vector<std::uint32_t> of_node;
  std::vector<std::string> names;                 // "proden", "gmm, detect-train"
  std::vector<std::vector<std::uint32_t>> cells;  // by row: nodes
};
TableRows table_rows(const sweep::Plan&);

}  // namespace winnow::cmd
