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

void Agent::handle(const Given& event, Time now, Commands& out) {
  std::vector<Attempt> older;
  for (const auto& [attempt, order] : orders_) {
    if (attempt.stage != event.attempt.stage) continue;
    if (attempt.number >= event.attempt.number) return;  // said twice, or late
    older.push_back(attempt);
  }
  // A newer one means that they were cancelled, although that was not heard.
  for (Attempt attempt : older) handle(Cancelled{attempt}, now, out);
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
void Agent::handle(const Finished& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::running && trainer.phase != Phase::stopping) return;
  note_result(event.slot, now, out);
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
      out.push_back(ReportFailed{trainer.attempt, event.why, event.text});
      failed = {trainer.attempt, event.why};
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
      out.push_back(ReportFailed{trainer.attempt, event.why, event.text});
      break;
    case Phase::starting:
      if (trainer.part) {
        out.push_back(ReportFailed{trainer.attempt, event.why, event.text});
        break;
      }
      // It died before its first word. Some stage must carry that, or a broken trainer would be started for ever.
      if (auto first = std::ranges::find_if(waiting_, [&](Attempt a) { return width_of(a) == trainer.width; });
          first != waiting_.end()) {
        out.push_back(ReportFailed{*first, event.why, event.text});
        failed = {*first, event.why};
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
