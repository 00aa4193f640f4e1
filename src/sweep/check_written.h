// What is wrong with a setting wherever it applies: unknown keys, values that no declaration accepts. Done first and in
// the order of the file, so that a mistake is reported where it stands and not where it bites.
#pragma once

#include "grammar.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

void check_written(const SweepFile&, const Catalogue&);  // UsageError

}  // namespace winnow::sweep
