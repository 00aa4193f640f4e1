// Stages that a run's devices cannot compute are refused before it starts.
#pragma once

#include <vector>

#include "united_plans.h"
#include "winnow/fleet/work.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// UsageError with the place where a stage that is not done asks for products that the devices lack (TF32 on CPUs; TF32
// and bfloat16 on old GPUs), or a program for a GPU in a run on CPUs. `capability`: the least compute capability of its
// GPUs, 80 for 8.0; 0: not known.
void require_devices_suffice(const UnitedPlans&, const fleet::Work&, const std::vector<sweep::Catalogue>&, bool on_cpus,
                             int capability);

}  // namespace winnow::cmd
