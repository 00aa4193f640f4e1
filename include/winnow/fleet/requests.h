// What people ask of a run that goes on, through its store: so from any host that sees it, without a signal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/words.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

// cancel: nothing new starts and what runs saves its place, as after a signal; of one sweep of several: its stages are
// not computed. retry: stages that failed for good are tried again. add: a further sweep is computed, too.
struct Request {
  enum class Kind { cancel, retry, add } kind = Kind::cancel;
  std::string sweep;                // cancel: its name; empty: all
  std::vector<std::string> stages;  // retry: identities, or how they begin; empty: all that failed
  FurtherSweep further = {};        // add
};

// Was a further sweep added to a run of the store that has not ended since? The next coordinator adds it again.
bool has_further(const Path& store);

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
  bool run_lives() const;  // whom it was asked

 private:
  Path store_, request_, answer_;
};

}  // namespace winnow::fleet
