// What people ask of a run that goes on, through its store: so from any host that sees it, without a signal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/words.h"

namespace winnow::fleet {

// cancel: nothing new starts and what runs saves its place, as after a signal; of one sweep of several: its stages are
// not computed. retry: stages that failed for good are tried again.
struct Request {
  enum class Kind { cancel, retry } kind = Kind::cancel;
  std::string sweep;                // cancel: its name; empty: all
  std::vector<std::string> stages;  // retry: identities, or how they begin; empty: all that failed
};

// Leaves the request in <store>/requests, where the coordinator finds it within a second. UsageError where no
// coordinator works on the store, DeviceError where nothing can be written there.
class Asked {
 public:
  Asked(const Path& store, const Request&);
  ~Asked();  // takes back what was not answered
  Asked(const Asked&) = delete;

  // What the coordinator says; none yet. Empties itself.
  struct Answer {
    bool refused = false;
    std::string text;
  };
  std::optional<Answer> answer();

 private:
  Path request_, answer_;
};

}  // namespace winnow::fleet
