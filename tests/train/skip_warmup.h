// A stage of so few epochs that it would be all warm-up: some methods refuse that, and of the others a test sees more
// without it.
#pragma once

#include "winnow/stage/stage.h"

namespace winnow::train {

inline void skip_warmup(Stage& stage, int epochs) {
  if (!stage.settings.has("warmup_epochs")) return;
  Value warmup = stage.settings.at("warmup_epochs");
  if (warmup.get<double>() >= epochs)
    stage.settings.set("warmup_epochs", warmup.is_number_float() ? Value(0.0) : Value(0));
}

}  // namespace winnow::train
