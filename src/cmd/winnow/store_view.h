// What `winnow store` prints, as functions of what it knows.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/store/inventory.h"
#include "winnow/store/known_sweeps.h"

namespace winnow::cmd {

// The part of a store that one sweep plans.
struct SweepShare {
  std::string name, about;  // about: where the plan is from
  std::size_t planned = 0;
  store::Amount here;   // run files and checkpoints of its stages
  store::Amount alone;  // of these, what no other of the sweeps plans
};

struct StoreUse {
  std::string root;
  store::Inventory inventory;
  std::vector<SweepShare> sweeps;
  store::Amount unplanned;  // run files and checkpoints of stages that none of them plans
  std::vector<std::string> notes;
};

StoreUse use_of(const std::string& root, store::Inventory, const std::vector<store::KnownSweep>&);

std::string store_text(const StoreUse&);
Value store_json(const StoreUse&);

// "12 detect (3.4 MB), 96 train (1.1 GB)": run files by their kind, the largest first.
std::string kinds_text(const std::vector<store::Inventory::Run>&);

}  // namespace winnow::cmd
