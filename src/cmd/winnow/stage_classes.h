// The stages of a sweep by what decides their memory, files, prompts and time.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::cmd {

struct StageClass {
  std::uint32_t tried = 0;             // the member that stands for it
  std::vector<std::uint32_t> members;  // nodes of the plan, in its order
  std::string name;                    // human-readable: different for every class
};

// Whether two stages that differ in this setting are of two classes. Seeds, numbers of epochs, and reals (rates,
// weights, thresholds) decide neither what is loaded nor how much is computed in a step; but reals that choose samples
// do.
bool decides_class(const std::string& key, const Value& value);

class StageClasses {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // Of the nodes that are to run.
  StageClasses(const sweep::Plan&, const std::vector<bool>& to_run);

  const std::vector<StageClass>& all() const { return all_; }
  std::uint32_t of(std::uint32_t node) const { return of_node_[node]; }  // kNone: not to run
  // What is tried, in an order in which inputs come first: for every class one member, and its inputs, which need not
  // be their classes' first members.
  const std::vector<std::uint32_t>& to_try() const { return to_try_; }

 private:
  void choose(const sweep::Plan&);

  std::vector<StageClass> all_;
  std::vector<std::uint32_t> of_node_, to_try_;
};

}  // namespace winnow::cmd
