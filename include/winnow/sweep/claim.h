// Claims: what a sweep's author expects, written before the run. They change no identity.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

struct Condition {
  std::string key;
  std::vector<Value> any;             // holds where the setting has one of these values
  Place place;
};

// "The mean of `metric` where `better` holds exceeds that where `worse` holds by more than `effect`", over experiments that
// differ in nothing else.
struct Claim {
  std::string statement;
  std::vector<Condition> better, worse, where;    // `where`: of both
  std::string metric = "accuracy";
  double effect = 0;                  // in the unit in which tables show the metric: percentage points for shares
  double alpha = 0.05;
  Place place;
};

}  // namespace winnow::sweep
