// Claims: what a sweep's author expects, written before the run. They change no identity.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "winnow/sweep/toml_text.h"

namespace winnow::sweep {

struct Condition {
  std::string key;
  std::vector<Value> any;  // holds where the setting has one of these values
  Place place;
};

// Largest minus smallest `metric` over the values of one axis, other axes fixed, among the experiments where `where`
// holds.
struct Spread {
  std::string over;
  std::vector<Condition> where;
  Place place;
};

// One of three forms, over experiments that agree on what the claim does not name:
//   better, worse      the mean of `metric` where `better` holds exceeds that where `worse` holds by more than `effect`
//   spread, at_most    the mean of a spread is less than `at_most`
//   spread, below      the mean of `spread` is smaller than that of `below` by more than `effect`
struct Claim {
  std::string statement;
  std::vector<Condition> better, worse;
  std::optional<Spread> spread, below;
  std::optional<double> at_most;
  std::vector<Condition> where;  // of all sides
  std::string metric = "accuracy";
  double effect = 0;  // like at_most in the unit in which tables show the metric: percentage points for shares
  double alpha = 0.05;
  Place place;
};

}  // namespace winnow::sweep
