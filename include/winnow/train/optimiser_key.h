// The settings of one optimiser among several.
#pragma once

#include <string>

#include "winnow/core/settings.h"

namespace winnow::train {

// "TABLE.name" where the stage has it, else "train.name": a method that needs another rate or rule for one of its
// optimisers declares keys of a table of their name ("generator.lr"), and what it does not declare is train's.
inline std::string optimiser_key(const Settings& settings, const std::string& table, const std::string& name) {
  std::string own = table + "." + name;
  return settings.has(own) ? own : "train." + name;
}

}  // namespace winnow::train
