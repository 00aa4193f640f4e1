// Stages that a run's devices cannot compute are refused before it starts.
#pragma once

#include <vector>

#include "united_plans.h"
#include "winnow/fleet/work.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// For a run on CPUs: UsageError with the place where a stage that is not done asks for TF32, or a program for a GPU.
void require_cpus_suffice(const UnitedPlans&, const fleet::Work&, const std::vector<sweep::Catalogue>&);

}  // namespace winnow::cmd
