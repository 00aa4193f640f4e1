// A further sweep as requests and the journal have it.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

Value to_json(const FurtherSweep&);
// What is not there, or of another type, is empty: whoever reads it says what it cannot do without.
FurtherSweep further_sweep_of(const Value& object);
std::vector<std::string> texts_in(const Value& object, const char* key);

}  // namespace winnow::fleet
