// Pseudo-labels over the rounds of a recipe without labels: CoFT+, GRIP, CPL. docs/methods/unsupervised.md#3.7, #4.1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "winnow/store/run_reader.h"
#include "winnow/sweep/plan.h"

namespace winnow::report {

constexpr const char* kRoundPrecision = "precision of pseudo-labels";
constexpr const char* kRoundCoverage = "coverage of pseudo-labels";

// By these names a value for each round, from the first: what is selected (or, of CoFT's last one, confirmed) for the
// stage of node `cell`, averaged over models that select side by side. Empty where the recipe has fewer than two
// rounds, and where a run is missing: a round that is not there would shift those behind it.
std::map<std::string, std::vector<double>> rounds_of(const sweep::Plan&, store::RunReader&, std::uint32_t cell);

}  // namespace winnow::report
