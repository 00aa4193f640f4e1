// All experiments of a sweep and the graph of their stages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"
#include "node_table.h"
#include "resolver.h"

namespace winnow::sweep {

struct Expansion {
  std::vector<std::uint32_t> combinations;      // of the experiments: what no [[exclude]] matches
  std::vector<std::uint32_t> cells;             // by experiment: the node whose result is its number
  NodeTable nodes;
  std::vector<std::string> axes;
  std::vector<std::string> notes;
};

// Refuses what cannot run: UsageError.
Expansion expand(const SweepFile&, const Layout&, const Catalogue&, const Resolver&);

}  // namespace winnow::sweep
