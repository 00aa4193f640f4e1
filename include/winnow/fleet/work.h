// What a fleet is to execute. It knows nothing of sweeps: stages are numbers whose text is regenerated when it is
// needed. The functions are called from the coordinator's loop, by its thread: they return within milliseconds. What
// they throw ends the run.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "winnow/sched/scheduler.h"
#include "winnow/stage/stage.h"

namespace winnow::fleet {

// Where a data set's preset was found; agents make their caches from it.
struct DataSource {
  Value preset;
  std::string source;
  std::string digest;  // data::Manifest::preset
};

// What one sweep wants of the stages. A stage may be wanted by several.
struct Wanted {
  std::string name;          // of the sweep
  std::size_t stages = 0;    // that it plans
  std::vector<bool> needed;  // by stage: it plans it, and it has to be executed for it
  std::size_t left_out = 0;  // that have no result, and that this run leaves to others
};

struct Work {
  std::string name;            // of the sweep, or of all, for the journal
  std::vector<Wanted> sweeps;  // in their order; what counts by sweep
  sched::Graph graph;
  std::vector<Identity> identities;  // by stage
  std::vector<std::string> classes;  // by class: a stable name, under which durations are remembered
  std::vector<double> sizes;         // by class: the work in one of its stages (time_left.h)
  // By class: bytes of a device that its stages are said to want, which count until one was measured; 0, or empty:
  // nobody says.
  std::vector<std::int64_t> memory;
  std::function<Value(sched::StageId)> stage;        // as winnow::to_json writes it
  std::function<std::string(sched::StageId)> label;  // human-readable: "proden, flip 0.5, seed 1"
  std::map<std::string, DataSource> datasets;
  std::function<void()> begun;  // called once, when the store is this run's; may be empty
  // Files that it was made from and that have changed since. Asked now and then.
  std::function<std::vector<std::string>()> changed;
};

}  // namespace winnow::fleet
