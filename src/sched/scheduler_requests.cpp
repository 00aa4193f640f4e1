// What people ask of a run: stages that they want no more, failed ones that they want tried again.
#include <algorithm>
#include <utility>

#include "winnow/sched/scheduler.h"

namespace winnow::sched {

void Scheduler::handle(const Withdraw& event, Time now, Commands& out) {
  for (StageId stage : event.stages) {
    if (stage >= records_.size() || is_closed(records_[stage].state)) continue;
    if (auto found = leases_.find(stage); found != leases_.end()) {
      const Lease lease = found->second;
      out.push_back(Cancel{lease.agent, lease.attempt});
      cancel_others(lease, lease.agent, out);
      end_lease(stage, now);
    }
    records_[stage].state = State::withdrawn;
    failed_on_.erase(stage);
    close(stage);
    ++withdrawn_;
    out.push_back(Withdrawn{stage});
  }
  end_reservations([&](const Reservation& r) { return records_[r.stage].state != State::ready; });
}

// What a failed stage had blocked is open again, but where another one that failed blocks it, too.
void Scheduler::handle(const Revive& event, Time, Commands& out) {
  auto reopen = [&](StageId stage, bool blocked) {
    Record& record = records_[stage];
    record.failures = record.user_failures = 0;  // memory: it stays in smaller pieces
    --(blocked ? blocked_ : failed_);
    ++open_, ++open_of_[classes_[stage]];
    if (record.missing == 0) make_ready(stage);
    else record.state = State::waiting;
    out.push_back(Revived{stage, blocked});
  };
  bool any = false;
  for (StageId stage : event.stages)
    if (stage < records_.size() && records_[stage].state == State::failed) reopen(stage, false), any = true;
  if (!any) return;
  std::vector<bool> hopeless(records_.size());
  for (StageId stage = 0; stage < records_.size(); ++stage) {  // inputs come first
    if (records_[stage].state == State::failed) hopeless[stage] = true;
    if (records_[stage].state == State::blocked && !hopeless[stage]) reopen(stage, true);
    if (!hopeless[stage]) continue;
    for (std::uint32_t i = first_dependent_[stage]; i < first_dependent_[stage + 1]; ++i)
      hopeless[dependents_[i]] = true;
  }
}

}  // namespace winnow::sched
