// What lies in the cache folder, whose it is, and what of it is no longer needed: temporary files of processes that
// were killed, and caches of contents that no data set of this machine has any more. Everything but weights and records
// is built again when it is needed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::data {

struct CacheEntry {
  // leftover: its writer is gone; unused: no record names it.
  enum class State { used, being_written, leftover, unused };

  Path file;                // below the cache folder
  std::string kind;         // "images", "kept images", "labels", "record", ...
  std::string of;           // the data set or the model; empty: not known
  std::uint64_t bytes = 0;  // that it takes on the disk
  State state = State::used;
};
std::string_view to_string(CacheEntry::State);

// All files, by path; a folder of weights is one entry. DataError for a folder that cannot be listed.
std::vector<CacheEntry> cache_entries();

// Removes the file of a leftover or unused entry unless its state has changed since; false: it stays. DeviceError.
bool remove_entry(const CacheEntry&);

// Removes temporary files whose writer on this machine is gone and which were not written to for so long: what another
// machine that shares the folder writes looks the same.
void sweep_up(std::chrono::seconds untouched);

}  // namespace winnow::data
