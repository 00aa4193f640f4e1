// The history of a store: who ran what, when, how it ended. Losing it loses no result.
#pragma once

#include <functional>

#include "winnow/core/descriptor.h"
#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

// One file for each coordinator, <store>/journal/<epoch>.log; one line for each record: 32 digits of the digest of the
// rest, a space, a JSON object. So it can be read with grep, and after damage the next line is found again.
//
// Files end when their coordinator does; the next one compacts large ones.
//
// Records are written at once (a killed coordinator loses none) and synced together, a few times a second (a lost
// machine loses the last moments of history; results do not depend on it).
class Journal {
 public:
  // A new file, of the first epoch from this one on that has none: the last one is known by a listing, which a network
  // file system may give as it was a minute ago.
  Journal(const Path& store, std::uint64_t epoch);

  void add(Value record);  // gets "n" (its number), "epoch" and "time"
  void flush();            // after a batch of records
  void sync();             // if anything is new

  enum class Tail { cut, keep };
  struct Replayed {
    std::size_t damaged = 0;  // lines in the middle of a file that were skipped; a zeroed block makes one of several
    std::uint64_t cut = 0;    // bytes of torn last lines
  };
  // Every intact record of all files, oldest first: as JSON text in one line, its keys sorted, without blanks. A torn
  // last line, one of zeros too, is cut off its file, or kept where another process may still be writing it.
  static Replayed scan(const Path& store, const std::function<void(std::string_view)>&, Tail = Tail::cut);
  static Replayed replay(const Path& store, const std::function<void(const Value&)>&, Tail = Tail::cut);  // parsed

  // Rewrites files of more than `least` bytes without the records that are of use only while their run lives (who
  // joined, where checkpoints were saved, notes): what ran, ended and failed, and when, stays. Only for who holds the
  // store's lease, before it writes a file of its own. Returns the bytes that were won.
  static std::uint64_t compact(const Path& store, std::uint64_t least);
  static std::uint64_t last_epoch(const Path& store);  // 0: there is none

 private:
  Path path_;
  Descriptor file_;
  std::uint64_t epoch_, records_ = 0;
  std::string pending_;
  bool unsynced_ = false;
};

}  // namespace winnow::fleet
