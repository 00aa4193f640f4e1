#include "sweep_progress.h"

#include <algorithm>

namespace winnow::fleet {

SweepProgress::SweepProgress(const std::vector<Wanted>& sweeps) : sweeps_(sweeps) {
  for (const Wanted& sweep : sweeps) {
    auto open = static_cast<std::size_t>(std::count(sweep.needed.begin(), sweep.needed.end(), true));
    counts_.push_back({sweep.name, sweep.stages, sweep.stages - open - sweep.left_out, 0, 0, open});
  }
  before_ = counts_;
}

void SweepProgress::add(const StateOf& state) {
  using State = sched::Scheduler::State;
  const Wanted& sweep = sweeps_.back();
  SweepCounts counts{sweep.name, sweep.stages};
  for (sched::StageId stage = 0; stage < sweep.needed.size(); ++stage) {
    if (!sweep.needed[stage]) continue;
    State now = state(stage);
    ++(now == State::failed ? counts.failed : now == State::blocked ? counts.blocked : counts.open);
  }
  counts.done = counts.stages - counts.failed - counts.blocked - counts.open;
  counts_.push_back(counts);
  before_.push_back(counts);
  for (std::size_t i = 0; i < sweeps_.size(); ++i) counts_[i].replaced = sweeps_[i].replaced;
}

void SweepProgress::done(sched::StageId stage) {
  for_each_of(stage, [this](std::size_t sweep) { ++counts_[sweep].done, --counts_[sweep].open; });
}

void SweepProgress::failed(sched::StageId stage) {
  for_each_of(stage, [this](std::size_t sweep) { ++counts_[sweep].failed, --counts_[sweep].open; });
}

void SweepProgress::withdrawn(sched::StageId stage) {
  for_each_of(stage, [this](std::size_t sweep) { ++counts_[sweep].withdrawn, --counts_[sweep].open; });
}

void SweepProgress::revived(sched::StageId stage, bool blocked) {
  for_each_of(stage, [&](std::size_t sweep) {
    SweepCounts& counts = counts_[sweep];
    --(blocked ? counts.blocked : counts.failed);
    ++counts.open;
  });
}

void SweepProgress::blocked(sched::StageId stage) {
  for_each_of(stage, [this](std::size_t sweep) { ++counts_[sweep].blocked, --counts_[sweep].open; });
}

}  // namespace winnow::fleet
