// One recorded training stage of a case: data set `replay`, model `toy`, through the ordinary stage executor.
#pragma once

#include <map>
#include <string>

#include "golden/case.h"
#include "golden/kinds.h"
#include "winnow/train/execute.h"

namespace winnow::golden {

struct RecordedStage {
  std::string method;    // as winnow calls it
  std::string table;     // of config, whose keys are this stage's ("p1"); empty: none
  train::Replay replay;  // tensors and draws by the case's names
  std::int64_t classes = 0;
};

// The case's tensors and draws as a stage of this prefix sees them: those of "in.PREFIX..." are in front of others of
// the same name. Views by the case's folder; names as cases call them. True labels are left out.
train::Replay recorded(const Case&, const std::string& prefix = "");

// Results by the case's names: predictions, logged values, parameters, states (those with a history: epochs x ...).
using Results = std::map<std::string, at::Tensor>;
// Executes the stage as the options say; at other widths and in chunks the first gradients must be one process's. What
// it read of config counts as read.
Results execute(Case&, const Options&, const RecordedStage&);

// Compares all results with out.PREFIXname; of a state with a history the last value, where the case has that alone.
void compare(Case&, const std::string& prefix, const Results&);

}  // namespace winnow::golden
