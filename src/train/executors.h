// The executors by stage kind.
#pragma once

#include "winnow/train/execute.h"

namespace winnow::train {

Execution execute_train(const Stage&, const Context&, comm::Collective&, Observer&);
Execution execute_pretrain(const Stage&, const Context&, comm::Collective&, Observer&);

}  // namespace winnow::train
