// How far each sweep of a run is: a stage counts in every sweep that needs it.
#pragma once

#include <vector>

#include "winnow/fleet/fleet.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

class SweepProgress {
 public:
  explicit SweepProgress(const std::vector<Wanted>&);  // keeps a reference

  // The last one has come, and may have replaced another; `state`: of stages that were there before.
  void add(const StateOf& state);

  // How a stage has ended; each ends once.
  void done(sched::StageId);
  void failed(sched::StageId);
  void blocked(sched::StageId);
  void withdrawn(sched::StageId);
  // Open again, after it had failed or was blocked.
  void revived(sched::StageId, bool blocked);

  // Calls `take` with the number of every sweep that needs the stage.
  template <class Take>
  void for_each_of(sched::StageId stage, Take take) const {
    for (std::size_t sweep = 0; sweep < sweeps_.size(); ++sweep)
      if (sweeps_[sweep].needed[stage] && !sweeps_[sweep].replaced) take(sweep);
  }
  const std::vector<SweepCounts>& counts() const { return counts_; }
  const std::vector<SweepCounts>& before() const { return before_; }  // as they were when the run began

 private:
  const std::vector<Wanted>& sweeps_;
  std::vector<SweepCounts> counts_, before_;
};

}  // namespace winnow::fleet
