// What `winnow run` says before it works and after it, of each sweep and of all together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "united_plans.h"
#include "winnow/core/settings.h"
#include "winnow/fleet/fleet.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

// `before`: stages that have results; `open`: that will be executed; of all sweeps together.
void print_beginning(const UnitedPlans&, std::size_t before, std::size_t open);

std::size_t with_results(const UnitedPlans&, const fleet::Work&);  // stages that the run need not execute
std::size_t to_run(const fleet::Work&);

void print_deadline(double seconds);  // since 1970
// Which rows of the sweeps' tables are complete.
void print_rows(const UnitedPlans&, const store::Store&);

struct RunSummary {
  const fleet::Work& work;  // with what was added
  std::string store;
  std::vector<Value> failures;
  int code = 0;
  bool json = false;
  std::uint32_t max_failures = 0;  // that end the run; 0: none do
};
void print_outcome(const RunSummary&, const UnitedPlans&, const fleet::Outcome&);

}  // namespace winnow::cmd
