// Detectors of which only the selection rule is used: with the key train_rule = "ce" they select by a network that is
// trained with plain cross-entropy on all given labels. What they give is not what their authors report, so every table
// says so. docs/methods/noisy-labels.md#6.9.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "axes.h"

namespace winnow::report {

class RuleAlone {
 public:
  RuleAlone(const sweep::Plan&, const AxisValues&);
  // Does a stage of the experiment run a detector so? Settings are regenerated once for each combination of methods.
  bool of(std::size_t experiment);

 private:
  const sweep::Plan& plan_;
  const AxisValues& values_;
  std::vector<std::size_t> axes_;  // that name a method, or its rule
  std::map<std::vector<std::uint32_t>, bool> known_;
};

bool names_method(const std::vector<std::string>& axes);

// The axis of a header that names the detector: the last one that names a method, and has a value.
std::size_t detector_axis(const std::vector<std::string>& axes, const std::vector<std::string>& values);

}  // namespace winnow::report
