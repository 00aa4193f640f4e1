// One stage, tried in a trainer process of its own on this machine (winnow try). No coordinator, no store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

struct TrialOrder {
  std::vector<std::string> trainer;  // program and arguments
  bool own_trainer = false;          // it is winnow-train
  int threads = 1;
  std::string gpu;  // the one that the trainer sees, by UUID; empty: whatever this process sees
  Value stage;      // as winnow::to_json writes it
  std::string identity;
  std::map<std::string, Path> data, inputs;  // decoded caches; run files, of trials too
  Path output;                               // where the trainer writes; it must not exist
};

struct TrialEnd {
  bool stopped = false;            // the user asked for it
  std::string failure;             // one line; empty: it went well
  std::string failure_class;       // user, memory, transient
  Value measured;                  // `trial` of the event `done`: src/fleet/README.md
  std::int64_t memory = 0;         // bytes: the most that the trainer was seen to hold
  std::int64_t device_memory = 0;  // the same of its GPU, as it says; 0: it says nothing
  std::string log;                 // last lines of its standard error
};

// Starts the trainer, sends the stage with "trial": true, waits. `stop` is asked several times a second; the trainer is
// then killed, and what it started with it. `heard` gets what the trainer says meanwhile. DeviceError where no process
// can be started.
TrialEnd try_stage(const TrialOrder&, const std::function<bool()>& stop,
                   const std::function<void(const Value& event)>& heard = {});

}  // namespace winnow::fleet
