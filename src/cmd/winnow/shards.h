// Parts of the same sweeps for allocations that know nothing of each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "united_plans.h"

namespace winnow::cmd {

struct Shard {
  std::uint32_t index = 1, count = 1;  // 1 of 1: everything

  static Shard parse(const std::string& text);  // "2/4". UsageError
};

// By stage, whether the shard computes it. Each experiment is one shard's; which, depends on the sweeps alone and not
// on what is done, so that allocations that start at different times leave nothing out. Experiments that share a stage
// of their own (a detector, a teacher) are in one shard; those that share what many do (a pre-trained backbone,
// features, scores of a fixed model) need not be: each shard computes that for itself, and gets the same.
std::vector<bool> stages_of(const UnitedPlans&, Shard);

}  // namespace winnow::cmd
