// Which settings differ between the experiments of a sweep.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "slots.h"

namespace winnow::sweep {

class Differences {
 public:
  // The experiments of one shape.
  void add(Resolved&, const std::map<std::string, Slot>& slots);
  // Those that the sweep sets itself, in the order of the file. What a preset or a reference makes differ follows from
  // them.
  std::vector<std::string> axes(const SweepFile&) const;
  const std::vector<Value>& values(const std::string& key) const { return seen_.at(key).values; }
  // Every value that an experiment has of this key, axis or not; none for a key that no experiment has.
  std::vector<Value> all_values(const std::string& key) const {
    auto found = seen_.find(key);
    return found == seen_.end() ? std::vector<Value>{} : found->second.values;
  }

 private:
  struct Seen {
    std::vector<Value> values;  // distinct, in order of first appearance
    std::vector<Value> rows;    // of the slot added last
    bool plain = false;         // set by the sweep, at least once without a reference
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace winnow::sweep
