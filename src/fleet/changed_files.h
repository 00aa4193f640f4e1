// Files that a run was planned from: what changes while it runs has no effect on it, and is said.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "winnow/core/hash.h"
#include "winnow/fleet/observer.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

class ChangedFiles {
 public:
  explicit ChangedFiles(const Work&);  // keeps a reference

  void taken(std::size_t sweep);  // the sweep is of its file as it is now
  void report(Observer&);         // those that have changed since, each once

 private:
  struct Known {
    std::optional<Hash128> digest;  // nothing where it cannot be read
    bool said = false;
  };
  void look_at(const std::string& file);

  const Work& work_;
  std::map<std::string, Known> known_;
};

}  // namespace winnow::fleet
