// The history of a store: who ran what, when, how it ended. Losing it loses no result.
#pragma once

#include <functional>

#include "descriptor.h"
#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

// One file for each coordinator, <store>/journal/<epoch>.log; one line for each record: 32 digits of the digest of the
// rest, a space, a JSON object. So it can be read with grep, and after damage the next line is found again.
//
// Records are written at once (a killed coordinator loses none) and synced together, a few times a second (a lost
// machine loses the last moments of history; results do not depend on it).
class Journal {
 public:
  Journal(const Path& store, std::uint64_t epoch);  // a new file; DeviceError if it exists

  void add(Value record);  // gets "n" (its number), "epoch" and "time"
  void flush();            // after a batch of records
  void sync();             // if anything is new

  enum class Tail { cut, keep };
  // Every intact record of all files, oldest first. A torn last line is cut off its file, or kept where another process
  // may still be writing it; other damaged lines are skipped and counted.
  static std::size_t replay(const Path& store, const std::function<void(const Value&)>&, Tail = Tail::cut);
  static std::uint64_t last_epoch(const Path& store);  // 0: there is none

 private:
  Path path_;
  Descriptor file_;
  std::uint64_t epoch_, records_ = 0;
  std::string pending_;
  bool unsynced_ = false;
};

}  // namespace winnow::fleet
