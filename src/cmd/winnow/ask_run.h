// Asking the run of a store for something, and waiting for its answer.
#pragma once

#include <string>

#include "winnow/fleet/requests.h"

namespace winnow::cmd {

// Prints the answer; with `json` as an object. UsageError with what the run refuses, or where none works on the store;
// DeviceError where it does not answer.
void ask_run(const Path& store, const fleet::Request&, bool json);

}  // namespace winnow::cmd
