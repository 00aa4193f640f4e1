// Which experiments a claim compares.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/plan.h"

namespace winnow::report {

// A number on one side of a claim: the value of an experiment, or the spread (largest minus smallest value) over
// several.
using Side = std::vector<std::size_t>;

struct Sample {
  Side high, low;  // value(high) - value(low) is what the claim's test sees; no `high`: at_most stands there
};

class ClaimSamples {
 public:
  explicit ClaimSamples(const sweep::Plan&);

  // Pairs the sides that agree on every axis which neither names. UsageError naming file and line: nothing meets a
  // side, a side without a partner or with several, a spread over one value.
  std::vector<Sample> of(const sweep::Claim&) const;

 private:
  std::vector<std::string> axes_;
  std::vector<Settings> settings_;
};

}  // namespace winnow::report
