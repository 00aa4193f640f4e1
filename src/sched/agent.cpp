#include "winnow/sched/agent.h"

#include <algorithm>
#include <utility>

namespace winnow::sched {

namespace {

constexpr std::size_t kSteps = 200;  // waits between progress that p99 is taken over

}  // namespace

Agent::Agent(std::uint32_t slots, Timers timers, Time now, SharedDevices devices)
    : timers_(timers), devices_(std::move(devices)), trainers_(slots), closed_(slots), suspicions_(slots), heard_(now),
      beaten_(now) {}

void Agent::on(const Event& event, Time now, Commands& out) {
  if (exited_) return;
  std::size_t before = out.size();
  std::visit([&](const auto& e) { handle(e, now, out); }, event);
  fill_slots(now, out);
  release_gangs(now, out);
  exit_when_idle(now, out);
  for (std::size_t i = before; i < out.size(); ++i) forget_ended(out[i]);
}

// Of an attempt that has come to its end.
void Agent::forget_ended(const Command& command) {
  if (auto* done = std::get_if<ReportDone>(&command)) orders_.erase(done->attempt);
  if (auto* failed = std::get_if<ReportFailed>(&command)) orders_.erase(failed->attempt);
  if (auto* returned = std::get_if<ReportReturned>(&command)) orders_.erase(returned->attempt);
}

void Agent::handle(const Given& event, Time, Commands& out) {
  if (orders_.count(event.attempt)) return;  // said twice
  if (draining_ || event.width > open_slots()) {
    out.push_back(ReportReturned{event.attempt});
    return;
  }
  orders_[event.attempt] = {event.width, event.need, event.part};
  preparing_.insert(event.attempt);
  out.push_back(Prepare{event.attempt});
}

void Agent::handle(const Retracted& event, Time, Commands& out) {
  if (std::optional<Slot> slot = part_of(event.attempt);
      slot && (trainers_[*slot].phase == Phase::freeing || trainers_[*slot].phase == Phase::reserved))
    return give_back(*slot, out);
  auto found = std::find(waiting_.begin(), waiting_.end(), event.attempt);
  if (found == waiting_.end()) return;  // it runs, or is nearly there: its outcome will be reported
  waiting_.erase(found);
  out.push_back(ReportReturned{event.attempt});
}

void Agent::handle(const Cancelled& event, Time now, Commands& out) {
  preparing_.erase(event.attempt);
  std::erase(waiting_, event.attempt);
  orders_.erase(event.attempt);
  if (std::optional<Slot> slot = part_of(event.attempt)) {
    Trainer& trainer = trainers_[*slot];
    if (trainer.phase == Phase::freeing || trainer.phase == Phase::reserved || trainer.ended) clear(*slot);
    else if (trainer.phase == Phase::dying) trainer.owed = false;
    else kill(*slot, false, FailureClass::lost, "its gang has ended", now, out);  // it may wait for a lost process
    return;
  }
  for (Slot slot = 0; slot < trainers_.size(); ++slot)
    if (trainers_[slot].phase == Phase::running && trainers_[slot].attempt == event.attempt)
      stop_stage(slot, false, now, out);
}

void Agent::handle(const Prepared& event, Time, Commands& out) {
  if (!preparing_.erase(event.attempt)) return;  // cancelled meanwhile
  if (draining_ || width_of(event.attempt) > open_slots()) out.push_back(ReportReturned{event.attempt});
  else waiting_.push_back(event.attempt);
}

void Agent::handle(const Unprepared& event, Time, Commands& out) {
  if (preparing_.erase(event.attempt)) out.push_back(ReportFailed{event.attempt, event.why, event.text});
}

void Agent::handle(const TrainerReady& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::starting)
    return kill(event.slot, true, FailureClass::protocol, "it said `ready` a second time", now, out);
  if (trainer.part) run(event.slot, trainer.attempt, now, out);
  else trainer.phase = Phase::idle;
}

void Agent::handle(const Progressed& event, Time now, Commands&) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.moved_once && event.mark == trainer.mark) return;
  if (trainer.moved_once) {
    if (trainer.steps.size() == kSteps) trainer.steps.erase(trainer.steps.begin());
    trainer.steps.push_back(now - trainer.moved);
  }
  trainer.mark = event.mark;
  trainer.moved = now;
  trainer.moved_once = true;
}

// A result that comes while the stage is being stopped still counts, unless it was cancelled.
void Agent::handle(const Finished& event, Time, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::running && trainer.phase != Phase::stopping) return;
  note_result(event.slot);
  if (trainer.phase == Phase::running || trainer.returning) {
    committing_.insert(trainer.attempt);
    out.push_back(Commit{event.slot, trainer.attempt});
  }
  trainer.phase = Phase::idle;
  trainer.attempt = trainer.part ? Attempt{} : trainer.attempt;  // it is the worker's now
}

void Agent::handle(const StageFailed& event, Time now, Commands& out) {
  kill(event.slot, true, event.why, "", now, out);
}

void Agent::handle(const StageStopped& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::stopping)
    return kill(event.slot, true, FailureClass::protocol, "it said `stopped` without having been asked to stop", now,
                out);
  if (trainer.returning) out.push_back(ReportReturned{trainer.attempt});
  trainer.phase = Phase::idle;
}

void Agent::handle(const Misbehaved& event, Time now, Commands& out) {
  kill(event.slot, true, event.why, "", now, out);
}

void Agent::handle(const TrainerGone& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  std::optional<std::pair<Attempt, FailureClass>> failed;  // of one slot alone
  const bool alone = trainer.width == 1 && !trainer.part;
  switch (trainer.phase) {
    case Phase::running:
      out.push_back(ReportFailed{trainer.attempt, FailureClass::transient, event.text});
      failed = {trainer.attempt, FailureClass::transient};
      break;
    case Phase::stopping:
      if (trainer.returning) out.push_back(ReportReturned{trainer.attempt});
      break;
    case Phase::dying:
      if (trainer.owed && draining_ && trainer.returning) out.push_back(ReportReturned{trainer.attempt});
      else if (trainer.owed) {
        out.push_back(ReportFailed{trainer.attempt, trainer.why, event.text});
        failed = {trainer.attempt, trainer.why};
      }
      break;
    case Phase::hosting:
      if (event.well) {  // the agent that answers for the gang says how it ended
        trainer.ended = true;
        return;
      }
      out.push_back(ReportFailed{trainer.attempt, FailureClass::transient, event.text});
      break;
    case Phase::starting:
      if (trainer.part) {
        out.push_back(ReportFailed{trainer.attempt, FailureClass::transient, event.text});
        break;
      }
      // It died before its first word. Some stage must carry that, or a broken trainer would be started for ever.
      if (auto first = std::ranges::find_if(waiting_, [&](Attempt a) { return width_of(a) == trainer.width; });
          first != waiting_.end()) {
        out.push_back(ReportFailed{*first, FailureClass::transient, event.text});
        failed = {*first, FailureClass::transient};
        waiting_.erase(first);
      }
      break;
    case Phase::freeing:
    case Phase::reserved:
    case Phase::idle:
    case Phase::lent:
    case Phase::closed:
    case Phase::empty: break;
  }
  clear(event.slot);
  if (failed && alone) note_failure(event.slot, failed->first, failed->second, now, out);
}

void Agent::handle(const NotRun& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::running) return handle(TrainerGone{event.slot, event.text}, now, out);
  if (draining_ || trainer.part) out.push_back(ReportReturned{trainer.attempt});
  else waiting_.push_front(trainer.attempt);
  clear(event.slot);
}

// A stage that waits and is now wider than what is left goes back: another agent may have room.
void Agent::handle(const Closed& event, Time now, Commands& out) {
  if (suspicions_[event.slot].until) {  // for good, now
    suspicions_[event.slot].until.reset();
    return;
  }
  if (closed_[event.slot]) return;
  closed_[event.slot] = true;
  Trainer& trainer = trainers_[event.slot];
  Slot leader = trainer.phase == Phase::lent ? trainer.leader : event.slot;
  const Trainer& process = trainers_[leader];
  if (trainer.phase == Phase::empty) empty(event.slot);
  else if (process.phase == Phase::freeing || process.phase == Phase::reserved) give_back(leader, out);
  else if (process.phase == Phase::hosting && process.ended) clear(leader);
  else if ((process.phase == Phase::starting && !process.part) || process.phase == Phase::idle) quit(leader, now, out);
  else kill(leader, true, FailureClass::transient, event.why, now, out);
  report_slots(out);
  if (open_slots() == 0) begin_drain(now, Time{0}, out);
}

void Agent::report_slots(Commands& out) {
  std::uint32_t left = open_slots();
  out.push_back(ReportSlots{left});
  std::erase_if(waiting_, [&](Attempt attempt) {
    if (width_of(attempt) <= left) return false;
    out.push_back(ReportReturned{attempt});
    return true;
  });
}

void Agent::handle(const Committed& event, Time, Commands& out) {
  if (committing_.erase(event.attempt)) out.push_back(ReportDone{event.attempt, event.outcome});
}

void Agent::handle(const Uncommitted& event, Time, Commands& out) {
  if (committing_.erase(event.attempt)) out.push_back(ReportFailed{event.attempt, event.why, event.text});
}

void Agent::handle(const Heard&, Time now, Commands&) { heard_ = now; }

void Agent::handle(const Drain& event, Time now, Commands& out) {
  heard_ = now;
  begin_drain(now, event.grace, out);
}

void Agent::handle(const Tick&, Time now, Commands& out) {
  if (!orphaned_ && now - heard_ > timers_.coordinator_silence) {
    orphaned_ = true;
    out.push_back(ReportSlots{0});  // should somebody listen yet: nothing more can be given to it
    begin_drain(now, Time{0}, out);
  }
  for (Slot slot = 0; slot < trainers_.size(); ++slot) watch(slot, now, out);
  end_suspicions(now, out);
  if (now - beaten_ >= timers_.beat) {
    beaten_ = now;
    out.push_back(SendHeartbeat{held()});
  }
}

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

void Agent::fill_slots(Time now, Commands& out) {
  if (draining_) return;
  std::map<std::uint32_t, std::size_t> coming;  // trainers that will be ready soon, by width
  for (const Trainer& trainer : trainers_)
    if (trainer.phase == Phase::starting && !trainer.part) ++coming[trainer.width];
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    std::uint32_t width = width_of(*next);
    if (is_part(*next)) {
      if (!keep_slots(*next, width, now, out)) {
        make_room(width, now, out);
        return;
      }
      next = waiting_.erase(next);
    } else if (run_waiting(*next, width, now, out)) {
      next = waiting_.erase(next);
    } else if (waits_for_another_slot(*next)) {
      ++next;
    } else if (coming[width] > 0) {
      --coming[width];
      ++next;
    } else if (start_trainer(*next, width, now, out)) {
      ++next;
    } else {
      if (devices_.empty()) make_room(width, now, out);
      return;  // what stands behind waits, too
    }
  }
}

bool Agent::run_waiting(Attempt attempt, std::uint32_t width, Time now, Commands& out) {
  for (Slot slot = 0; slot < trainers_.size(); ++slot) {
    Trainer& trainer = trainers_[slot];
    if (trainer.phase != Phase::idle || trainer.part || trainer.width != width || !fits(slot, attempt) ||
        avoids(slot, attempt))
      continue;
    run(slot, attempt, now, out);
    return true;
  }
  return false;
}

void Agent::run(Slot slot, Attempt attempt, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  trainer.phase = Phase::running;
  trainer.memory = devices_.share(slot, need_of(attempt));
  trainer.attempt = attempt;
  trainer.since = trainer.moved = now;
  trainer.moved_once = trainer.returning = trainer.owed = false;
  trainer.steps.clear();
  out.push_back(Run{slot, attempt});
  out.push_back(ReportStarted{attempt});
}

// None: too few are free.
std::vector<Slot> Agent::take_slots(Attempt attempt, std::uint32_t width) {
  std::vector<Slot> free;
  for (Slot slot = 0; slot < trainers_.size() && free.size() < width; ++slot)
    if (trainers_[slot].phase == Phase::empty && fits(slot, attempt) && !avoids(slot, attempt)) free.push_back(slot);
  if (free.size() < width) return {};
  for (Slot slot : free) {
    trainers_[slot].phase = Phase::lent;
    trainers_[slot].leader = free.front();
  }
  trainers_[free.front()].width = width;
  return free;
}

bool Agent::start_trainer(Attempt attempt, std::uint32_t width, Time now, Commands& out) {
  std::vector<Slot> slots = take_slots(attempt, width);
  if (slots.empty()) return false;
  Trainer& trainer = trainers_[slots.front()];
  trainer.phase = Phase::starting;
  trainer.since = now;
  out.push_back(StartTrainer{slots.front(), slots});
  return true;
}

// Ends idle trainers until, with the slots that are empty or being emptied, `width` slots come free.
void Agent::make_room(std::uint32_t width, Time now, Commands& out) {
  std::uint32_t coming = 0;
  for (const Trainer& trainer : trainers_)
    if (trainer.phase == Phase::empty || trainer.phase == Phase::dying) coming += trainer.width;
  for (Slot slot = 0; slot < trainers_.size() && coming < width; ++slot) {
    Trainer& trainer = trainers_[slot];
    if (trainer.phase != Phase::idle) continue;
    coming += trainer.width;
    quit(slot, now, out);
  }
}

// The processes of an idle gang wait for each other, which costs a core each: MPI does not sleep. One that has no work
// coming is ended.
void Agent::release_gangs(Time now, Commands& out) {
  if (draining_) return;
  for (Slot slot = 0; slot < trainers_.size(); ++slot) {
    Trainer& trainer = trainers_[slot];
    auto fits = [&](Attempt attempt) { return width_of(attempt) == trainer.width; };
    if (trainer.phase != Phase::idle) continue;
    bool has_work = std::ranges::any_of(waiting_, fits) || std::ranges::any_of(preparing_, fits);
    if (!trainer.part && (trainer.width == 1 || has_work)) continue;
    quit(slot, now, out);
  }
}

void Agent::quit(Slot slot, Time now, Commands& out) {
  trainers_[slot].phase = Phase::dying;
  trainers_[slot].owed = false;
  trainers_[slot].since = now;
  out.push_back(QuitTrainer{slot});
}

void Agent::clear(Slot slot) {
  for (Trainer& trainer : trainers_)
    if (trainer.phase == Phase::lent && trainer.leader == slot) empty(static_cast<Slot>(&trainer - trainers_.data()));
  empty(slot);
}

void Agent::empty(Slot slot) {
  trainers_[slot] = Trainer{};
  if (closed_[slot]) trainers_[slot].phase = Phase::closed;
}

MemoryNeed Agent::need_of(Attempt attempt) const {
  auto found = orders_.find(attempt);
  return found == orders_.end() ? MemoryNeed{} : found->second.need;
}

// Until the process is gone, or says that it has stopped, the stage's memory is not free.
bool Agent::has_stage(const Trainer& trainer) const {
  return trainer.phase == Phase::running || trainer.phase == Phase::stopping || trainer.phase == Phase::hosting ||
         trainer.phase == Phase::freeing || trainer.phase == Phase::reserved ||
         (trainer.phase == Phase::dying && !trainer.abandoned);
}

bool Agent::fits(Slot slot, Attempt attempt) const {
  if (devices_.empty()) return true;
  std::int64_t taken = 0;
  for (Slot other = 0; other < trainers_.size(); ++other)
    if (devices_.same_device(slot, other) && has_stage(trainers_[other])) taken += trainers_[other].memory;
  return devices_.fits(slot, need_of(attempt), taken);
}

std::uint32_t Agent::width_of(Attempt attempt) const {
  auto found = orders_.find(attempt);
  return found == orders_.end() ? 1 : found->second.width;
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

std::vector<Attempt> Agent::held() const {
  std::vector<Attempt> result(waiting_.begin(), waiting_.end());
  result.insert(result.end(), preparing_.begin(), preparing_.end());
  result.insert(result.end(), committing_.begin(), committing_.end());
  for (const Trainer& trainer : trainers_)
    if (trainer.phase == Phase::running || (trainer.phase == Phase::stopping && trainer.returning) ||
        (trainer.phase == Phase::dying && trainer.owed) || trainer.phase == Phase::freeing ||
        trainer.phase == Phase::reserved || trainer.phase == Phase::hosting ||
        (trainer.phase == Phase::starting && trainer.part))
      result.push_back(trainer.attempt);
  return result;
}

}  // namespace winnow::sched
