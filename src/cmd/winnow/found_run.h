// The run file that a person names.
#pragma once

#include <string>

#include "sweep_options.h"

namespace winnow::cmd {

// A path, or the first digits of an identity in the store and its references. UsageError that begins with the command.
Path found_run(const std::string& word, const StoreOptions&, const char* command);

}  // namespace winnow::cmd
