// What ends trainers, stages and the agent: time that is over, a drain, a process that does not end.
#include <algorithm>
#include <utility>

#include "winnow/sched/agent.h"

namespace winnow::sched {

// Everything that can take too long, for one trainer.
void Agent::watch(Slot slot, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  Time waited = now - trainer.since;
  bool deaf = trainer.phase == Phase::dying && waited > timers_.stop;  // asked to quit, and did not
  if (trainer.abandoned) return;
  if (deaf && trainer.killed) {
    abandon(slot, now, out);
  } else if ((trainer.phase == Phase::starting && waited > timers_.trainer_start) || deaf) {
    out.push_back(KillTrainer{slot, FailureClass::hang, deaf ? "" : "it was not ready in time"});
    trainer.killed = true;
    trainer.since = now;
  } else if (trainer.phase == Phase::running && draining_ && now >= stop_at_) {
    stop_stage(slot, true, now, out);
  } else if (trainer.phase == Phase::hosting && draining_ && now >= stop_at_ + timers_.stop) {
    leave_gang(slot, now, out);  // whoever answers for the gang had its time
  } else if (trainer.phase == Phase::reserved && waited > timers_.trainer_start) {
    give_back(slot, out);  // the others do not come
  } else if (trainer.phase == Phase::running && now - trainer.moved > hang_limit(trainer)) {
    kill(slot, true, FailureClass::hang, "it made no progress for too long", now, out);
  } else if (trainer.phase == Phase::stopping && waited > timers_.stop) {
    kill(slot, trainer.returning, FailureClass::transient, "it did not stop in time", now, out);
  }
}

Time Agent::hang_limit(const Trainer& trainer) const {
  if (!trainer.moved_once) return timers_.first_progress;
  if (trainer.steps.empty()) return timers_.least_hang;
  std::vector<Time> steps = trainer.steps;
  auto p99 = steps.begin() + static_cast<std::ptrdiff_t>((steps.size() - 1) * 99 / 100);
  std::nth_element(steps.begin(), p99, steps.end());
  return std::max(timers_.least_hang, timers_.hang_steps * *p99);
}

void Agent::begin_drain(Time now, Time grace, Commands& out) {
  Time stop_at = now + grace;
  stop_at_ = draining_ ? std::min(stop_at_, stop_at) : stop_at;
  draining_ = true;
  for (const Attempt& attempt : waiting_) out.push_back(ReportReturned{attempt});
  waiting_.clear();
  for (Slot slot = 0; slot < trainers_.size(); ++slot) {
    Trainer& trainer = trainers_[slot];
    if (trainer.phase == Phase::freeing || trainer.phase == Phase::reserved) give_back(slot, out);
    if (trainer.phase != Phase::starting || !trainer.part || trainer.killed) continue;
    out.push_back(ReportReturned{trainer.attempt});
    kill(slot, false, FailureClass::transient, "", now, out);
  }
  if (grace == Time{0})
    for (Slot slot = 0; slot < trainers_.size(); ++slot) watch(slot, now, out);
}

void Agent::stop_stage(Slot slot, bool returning, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  trainer.phase = Phase::stopping;
  trainer.returning = returning;
  trainer.since = now;
  out.push_back(StopStage{slot});
}

// `owed`: the coordinator waits for the outcome of the trainer's attempt. It is reported when the process is gone, so
// that no two attempts of a stage ever run at the same time on this node.
void Agent::kill(Slot slot, bool owed, FailureClass why, std::string_view because, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  if (trainer.phase == Phase::empty || trainer.phase == Phase::closed || trainer.phase == Phase::dying) return;
  bool has_stage = trainer.phase == Phase::running || (trainer.phase == Phase::stopping && trainer.returning) ||
                   trainer.phase == Phase::hosting || (trainer.phase == Phase::starting && trainer.part);
  trainer.owed = owed && has_stage;
  trainer.phase = trainer.phase == Phase::starting && !trainer.part ? Phase::starting : Phase::dying;
  trainer.why = why;
  trainer.killed = true;
  trainer.since = now;
  out.push_back(KillTrainer{slot, why, because});
}

// A process that waits for a device which does not answer does not end, not even by SIGKILL: its stage must not wait
// for it, too. Its slots are not used again.
void Agent::abandon(Slot slot, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  trainer.abandoned = true;
  if (std::exchange(trainer.owed, false)) {
    if (draining_ && trainer.returning) out.push_back(ReportReturned{trainer.attempt});
    else
      out.push_back(
          ReportFailed{trainer.attempt, trainer.why, "its process was killed and does not end: a device may hang"});
  }
  for (Slot other = 0; other < trainers_.size(); ++other)
    if (other == slot || (trainers_[other].phase == Phase::lent && trainers_[other].leader == slot))
      handle(Closed{other, ""}, now, out);
}

void Agent::quit(Slot slot, Time now, Commands& out) {
  trainers_[slot].phase = Phase::dying;
  trainers_[slot].owed = false;
  trainers_[slot].since = now;
  out.push_back(QuitTrainer{slot});
}

void Agent::exit_when_idle(Time now, Commands& out) {
  if (!draining_ || !committing_.empty() || !preparing_.empty()) return;
  bool all_gone = true;
  for (Slot slot = 0; slot < trainers_.size(); ++slot) {
    Trainer& trainer = trainers_[slot];
    if (trainer.phase == Phase::idle || (trainer.phase == Phase::starting && !trainer.owed))
      quit(slot, now, out);  // also a trainer that is only starting: there will be no work for it
    const Trainer& process = trainer.phase == Phase::lent ? trainers_[trainer.leader] : trainer;
    all_gone = all_gone && (process.phase == Phase::empty || process.phase == Phase::closed || process.abandoned);
  }
  if (!all_gone) return;
  exited_ = true;
  out.push_back(Exit{});
}

}  // namespace winnow::sched
