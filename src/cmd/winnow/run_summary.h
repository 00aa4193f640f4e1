// What `winnow run` says before it works and after it, of each sweep and of all together.
#pragma once

#include <string>
#include <vector>

#include "united_plans.h"
#include "winnow/core/settings.h"
#include "winnow/fleet/fleet.h"

namespace winnow::cmd {

// `before`: stages that have results; `open`: that will be executed; of all sweeps together.
void print_beginning(const UnitedPlans&, std::size_t before, std::size_t open);

struct RunSummary {
  std::vector<std::string> files;  // of the sweeps
  std::string store;
  std::vector<Value> failures;
  std::size_t done = 0;  // stages that have results now
  int code = 0;
  bool json = false;
};
void print_outcome(const RunSummary&, const UnitedPlans&, const fleet::Outcome&);

}  // namespace winnow::cmd
