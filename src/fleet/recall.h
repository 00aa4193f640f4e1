// What a new coordinator takes from the journal of a store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "class_history.h"
#include "journal.h"
#include "winnow/core/file.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

// A million records in about a second (tests/bench/journal_bench.cpp).
class Recall {
 public:
  explicit Recall(const Path& store, Journal::Tail = Journal::Tail::cut);

  std::uint32_t attempts(const Identity&) const;                 // the number of the last one; 0: none
  std::optional<double> seconds(const std::string& kind) const;  // that a stage of the class takes
  std::int64_t peak(const std::string& kind) const;  // bytes of a device that one held at most; 0: not known
  // What was added to runs that have not ended well since, nor been cancelled: each file once.
  const std::vector<FurtherSweep>& further() const { return further_; }
  // What people cancelled of such runs, and have not added again.
  struct Cancelled {
    std::string sweep, file;
  };
  const std::vector<Cancelled>& cancelled() const { return cancelled_; }
  const Journal::Replayed& replayed() const { return replayed_; }  // what of the journal was damaged

 private:
  void take_request(std::string_view record);

  std::unordered_map<Identity, std::uint32_t> attempts_;
  ClassHistory history_;
  std::vector<FurtherSweep> further_;
  std::vector<Cancelled> cancelled_;
  Journal::Replayed replayed_;
};

// Numbers of earlier attempts and durations of classes go into the scheduler, peaks of those that have one into
// `peaks`.
Journal::Replayed recall(const Recall&, const Work&, sched::Scheduler&, std::map<sched::ClassId, std::int64_t>& peaks);

}  // namespace winnow::fleet
