// The run of a stage whose trainer sent numbers instead of a run file.
#pragma once

#include "winnow/store/run_file.h"

namespace winnow::fleet {

// `done` is its event: "metrics" become one row of metrics/final, "curves" become metrics/epochs (a shorter curve is
// filled up with NaN). DataError names what is no number.
store::RunContent run_of_metrics(const Stage&, const Value& done, store::Provenance, std::string log);

}  // namespace winnow::fleet
