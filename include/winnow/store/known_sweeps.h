// Which stages the sweeps plan that have run on a store: <store>/sweeps/<name>.txt, written when a run begins, so that
// the store's files can be told apart without the sweep files, or the data that their plans need. Losing one loses no
// result.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/stage/stage.h"

namespace winnow::store {

struct KnownSweep {
  std::string name, file;            // the file as an absolute path
  std::vector<std::string> sets;     // --set of that run
  std::vector<std::string> presets;  // folders of presets that it named, as absolute paths
  double time = 0;                   // of the run's beginning, seconds since 1970
  std::vector<Identity> stages;      // all that it planned then
};

// Replaces what was known of the sweep of this name. DeviceError.
void remember_sweep(const Path& store_root, const KnownSweep&);

struct KnownSweeps {
  std::vector<KnownSweep> sweeps;   // by name
  std::vector<std::string> faults;  // files that are damaged or of another format, and why; a line each
};
KnownSweeps known_sweeps(const Path& store_root);

}  // namespace winnow::store
