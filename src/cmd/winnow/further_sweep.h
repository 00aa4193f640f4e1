// What `winnow add` has a run do: it plans a further sweep beside its work, and enlarges that by it.
#pragma once

#include <functional>
#include <vector>

#include "fleet_work.h"
#include "united_plans.h"
#include "winnow/store/store.h"

namespace winnow::cmd {

// What a run is made of, which outlives the function.
struct RunParts {
  store::Store store;
  UnitedPlans& plans;
  FleetWork& work;
  // Throws UsageError where the run cannot execute such work. Called on another thread.
  std::function<void(const UnitedPlans&, const fleet::Work&, const std::vector<sweep::Catalogue>&)> require;
};

// Work::plan_further. A sweep that the run has already, by the same file, is replaced; by another file it is refused.
std::function<fleet::Enlarge(const fleet::FurtherSweep&)> further_sweeps(RunParts);

}  // namespace winnow::cmd
