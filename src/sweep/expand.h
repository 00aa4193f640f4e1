// All experiments of a sweep and the graph of their stages.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "layout.h"
#include "node_table.h"
#include "resolver.h"

namespace winnow::sweep {

struct Expansion {
  std::vector<std::uint32_t> combinations;  // of the experiments: what no [[exclude]] matches
  std::vector<std::uint32_t> cells;         // by experiment: the node whose result is its number
  NodeTable nodes;
  std::vector<std::pair<std::string, std::vector<Value>>> axes;  // what differs, and its values
  std::vector<std::pair<std::string, std::size_t>> methods;      // and their numbers of experiments
  std::vector<std::string> notes, departures;
  std::vector<Missing> missing;
  std::size_t shapes = 0;  // that were made: what the expansion costs
};

// Refuses what cannot run: UsageError. What this machine lacks gets an open fingerprint in the catalogue.
Expansion expand(const SweepFile&, const Layout&, Catalogue&, const Resolver&);

}  // namespace winnow::sweep
