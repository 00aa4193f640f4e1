// winnow model export: finds a run and what it was trained from; winnow-train, which has tensors, makes the model.
#pragma once

#include <string>

#include "sweep_options.h"

namespace winnow::cmd {

// `run`: a run file, or the first digits of an identity. UsageError, DataError; nothing is written then.
void export_model(const std::string& run, const std::string& folder, const StoreOptions&, bool weights_alone);

}  // namespace winnow::cmd
