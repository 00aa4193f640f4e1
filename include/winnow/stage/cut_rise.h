// Stages whose rate rises over epochs that train.max_steps may have cut.
#pragma once

#include "winnow/stage/stage.h"

namespace winnow {

// Whether the stage uses the shared code engine.cut_rise (shared_code.h): an optimiser of it has the schedule `grip`,
// and train.max_steps sets a limit.
bool may_cut_rise(const Stage&);

}  // namespace winnow
