// Settings of an experiment that vary with a free axis of its grid, and what the canonical form says for each of its
// rows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "resolver.h"

namespace winnow::sweep {

struct Slot {
  int axis;
  std::vector<std::string> fragments;  // by row: `"train.lr":0.1,`, or nothing where the value is the declared default
  std::vector<Value> values;           // by row; empty where only the default varies

  std::vector<std::string> fragments_as(const std::string& key, const std::string& name) const;  // under another name
};

// By key. `resolved` stands for all experiments that differ from it in free axes alone; every row's value is checked.
std::map<std::string, Slot> slots_of(Resolved& resolved, const Grid&, const std::vector<bool>& structural);

}  // namespace winnow::sweep
