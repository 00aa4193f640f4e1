// An experiment's settings as checks see them. What they look at decides whether an experiment is possible, so it is
// noted: rows of a free axis (structure.h) stand for one another only where no recipe reads the key that they set.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "effective.h"

namespace winnow::sweep {

class Inspection {
 public:
  explicit Inspection(Effective& effective) : effective_(effective) {}

  const Value* find(std::string_view key);  // null: the experiment has no such setting
  std::string text(std::string_view key);   // of a setting that it has
  std::int64_t integer(std::string_view key);
  double real(std::string_view key);
  std::string where(std::string_view key) const;  // who set it
  // Nobody set it: neither a sweep nor a preset's recipe. For messages and refusals that concern what was not said.
  bool by_default(std::string_view key) const;
  const Method& method() const { return *effective_.schema().method(); }
  // The keys of this name that the experiment has, outside and inside stage tables: "model", "detect.model".
  std::vector<std::string> named(std::string_view name);

  const std::set<int>& looked_at() const { return looked_at_; }

 private:
  Effective& effective_;
  std::set<int> looked_at_;
};

}  // namespace winnow::sweep
