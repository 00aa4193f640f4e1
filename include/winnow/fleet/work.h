// What a fleet is to execute. It knows nothing of sweeps: stages are numbers whose text is regenerated when it is
// needed. The functions are called from the coordinator's loop, by its thread: they return within milliseconds. What
// they throw ends the run.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  std::string file = {};     // that says it
  bool replaced = false;     // by a later version of itself: it counts no more
};

// A sweep for a run that goes on (`winnow add`).
struct FurtherSweep {
  std::string file;                        // absolute
  std::vector<std::string> sets, presets;  // as --set and --presets have them, folders absolute
  bool first = false;                      // before all others, or after them
};

// What it brings to the work, whose vectors have grown by it.
struct Addition {
  std::size_t sweep = 0;                  // its place in Work::sweeps
  std::optional<std::size_t> replaces{};  // that of its earlier version
  sched::Graph more;                      // sched::Scheduler::Extend; `priorities` likewise
  std::vector<std::pair<sched::StageId, sched::Priority>> priorities;
  std::size_t done = 0;  // of the stages that it plans have results
};

// How a stage of the run stands now.
using StateOf = std::function<sched::Scheduler::State(sched::StageId)>;
// Enlarges the work by a sweep that is planned: called like the functions of Work. UsageError before anything is
// changed.
using Enlarge = std::function<Addition(const StateOf&)>;

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
  std::function<void()> begun;     // called once, when the store is this run's; may be empty
  std::vector<std::string> files;  // that it was made from, besides those of the sweeps
  // Plans a further sweep beside the work. May take its time: it changes nothing, and is called on another thread, by
  // one at a time. UsageError or DataError where it cannot be run. Empty: no further sweep can be had.
  std::function<Enlarge(const FurtherSweep&)> plan_further;
};

}  // namespace winnow::fleet
