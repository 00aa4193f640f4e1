// What people ask of a run: stages that they want no more, failed ones that they want tried again, further ones.
#include <algorithm>
#include <optional>
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
  fail_too_wide(out);
}

// What is ready is queued anew: with other priorities, heights and classes it stands elsewhere in line.
void Scheduler::handle(const Extend& event, Time, Commands& out) {
  end_reservations([](const Reservation&) { return true; });
  const Graph& more = event.more;
  const auto before = static_cast<StageId>(records_.size());
  std::vector<Priority> priorities;
  for (StageId stage = 0; stage < before; ++stage) priorities.push_back(ready(stage).priority_of(stage));
  for (const auto& [stage, priority] : event.priorities) priorities[stage] = priority;
  priorities.insert(priorities.end(), more.priorities.begin(), more.priorities.end());
  classes_.insert(classes_.end(), more.classes.begin(), more.classes.end());
  widths_.insert(widths_.end(), more.widths.begin(), more.widths.end());
  seen_.resize(widths_.size());
  open_of_.resize(widths_.size());
  records_.resize(before + more.inputs.size());
  add_dependents(more.inputs);
  queue_anew(priorities);
  for (std::size_t i = 0; i < event.seconds.size(); ++i)
    if (event.seconds[i]) predict(static_cast<ClassId>(widths_.size() - event.seconds.size() + i), *event.seconds[i]);
  for (StageId stage = before; stage < records_.size(); ++stage) {
    Record& record = records_[stage];
    record.attempts = event.attempts[stage - before];
    if (more.done[stage - before]) {
      record.state = State::done, ++done_;
      continue;
    }
    std::optional<StageId> lacking;  // an input that will not be
    for (StageId input : more.inputs[stage - before]) {
      State state = records_[input].state;
      record.missing += state != State::done;
      if (state != State::done && is_closed(state)) lacking = input;
    }
    if (lacking) {
      record.state = State::blocked, ++blocked_;
      out.push_back(Block{stage, *lacking});
      continue;
    }
    ++open_, ++open_of_[classes_[stage]];
  }
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    bool fresh = stage >= before && records_[stage].state == State::waiting && records_[stage].missing == 0;
    if (fresh || records_[stage].state == State::ready) make_ready(stage);
  }
  fail_too_wide(out);
}

}  // namespace winnow::sched
