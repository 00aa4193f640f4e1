// What of an engine the trace of a stage shows.
#pragma once

#include "winnow/train/engine.h"
#include "winnow/train/execute.h"

namespace winnow::train {

void put_trace(const Engine&, Trace&);  // all but predictions, on the host

}  // namespace winnow::train
