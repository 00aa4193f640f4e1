// table.h5: last metrics and curves of all runs of a store in one file, so that a report opens one file instead of a
// hundred thousand. It holds nothing that the run files do not, and is believed for a run only while that run's file
// has the size and the time of change that it had: a missing, damaged or old table.h5 costs time and changes no number.
// src/store/README.md has the format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "winnow/store/store.h"

namespace winnow::store {

Path table_path(const Path& store_root);  // <root>/table.h5

struct Packed {
  std::size_t runs = 0;               // in table.h5 now
  std::size_t read = 0;               // of them from their run files; the others stood in it already
  std::size_t gone = 0;               // stood in it, and cannot any more
  std::vector<std::string> left_out;  // damaged run files, and runs whose columns cannot stand in it
  std::string replaced;               // why nothing of the old table.h5 was used; empty: it was, or there was none
  bool written = false;               // false: nothing had changed
};

// Brings table.h5 up to date, reading only run files that are new or changed. The new file replaces the old one at
// once. DeviceError when it cannot be written.
Packed pack(const Store&);

}  // namespace winnow::store
