// Stages of a plan that differ in nothing but what is drawn.
#pragma once

#include <cstdint>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// Two nodes are alike when they have one label and one width, and their experiments one value of every axis but seeds:
// then their settings differ in seeds alone. What holds for one and depends on no seed need not be regenerated
// (Plan::stage, by far the most of what a node costs) for the others.
class Alike {
 public:
  explicit Alike(const sweep::Plan&);

  // The same for nodes that are alike; below the number of nodes.
  std::uint32_t of(std::uint32_t node) const { return of_[node]; }

 private:
  std::vector<std::uint32_t> of_;
};

}  // namespace winnow::cmd
