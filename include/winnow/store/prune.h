// Removing stages from a store that nobody plans any more.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "winnow/store/inventory.h"

namespace winnow::store {

// What would go, and what stays although no one asks for it.
struct Pruning {
  std::vector<Inventory::Run> runs;
  std::vector<Inventory::Checkpoint> checkpoints;
  std::vector<std::string> left_alone;  // run files that this winnow cannot read, and why: they may be results
  std::size_t kept = 0;                 // run files of stages in `keep`
  std::uint64_t bytes = 0;              // of what would go
};
Pruning pruning_of(const Inventory&, const std::set<Identity>& keep);

// Removes one run file, or one checkpoint with all that is in it. No link is followed, not even one in the place of a
// folder of the store: then DeviceError. False: it was gone already. Nothing may run on the store meanwhile.
bool remove_run(const Path& store_root, const Identity&);
bool remove_checkpoint(const Path& store_root, const Identity&);

}  // namespace winnow::store
