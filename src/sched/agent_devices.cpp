// Slots whose devices seem to be sick: a device that fails everything takes stage after stage, because it is the one
// that is always free.
#include "winnow/sched/agent.h"
#include "winnow/sched/quarantine.h"

namespace winnow::sched {

// It may be the first word of the others, after a slot has failed all that there was for it. One that runs a stage
// is judged by how that ends.
void Agent::note_result(Slot slot, Time now, Commands& out) {
  suspicions_[slot].failing.clear();
  suspicions_[slot].others_work = false;
  for (Slot other = 0; other < suspicions_.size(); ++other) {
    if (other == slot) continue;
    suspicions_[other].others_work = true;
    if (trainers_[other].phase == Phase::empty) suspend_if_sick(other, now, out);
  }
}

// What says itself what is wrong (user, memory, protocol) says nothing of the device.
void Agent::note_failure(Slot slot, Attempt attempt, FailureClass why, Time now, Commands& out) {
  if (trainers_.size() < 2 || (why != FailureClass::transient && why != FailureClass::hang)) return;
  bool elsewhere = false;
  for (Slot other = 0; other < suspicions_.size(); ++other) {
    if (other == slot || !suspicions_[other].failing.erase(attempt.stage)) continue;
    elsewhere = true;
    if (suspicions_[other].until) readmit(other, true, out);
  }
  Suspicion& suspicion = suspicions_[slot];
  if (elsewhere || suspicion.until) return;
  if (suspicion.failing.empty()) suspicion.others_work = false;
  suspicion.failing[attempt.stage] = {attempt, now + timers_.avoid};
  suspend_if_sick(slot, now, out);
}

// Its trainer is gone.
void Agent::suspend_if_sick(Slot slot, Time now, Commands& out) {
  Suspicion& suspicion = suspicions_[slot];
  if (suspicion.failing.size() < kQuarantineFailures || !suspicion.others_work || closed_[slot] || open_slots() < 2)
    return;
  Time length = quarantine_length(timers_, suspicion.times++);
  suspicion.until = now + length;
  closed_[slot] = true;
  clear(slot);
  Quarantined quarantine{slot, {}, length};
  for (const auto& [stage, last] : suspicion.failing) quarantine.failed.push_back(last.attempt);
  out.push_back(std::move(quarantine));
  report_slots(out);
}

void Agent::readmit(Slot slot, bool cleared, Commands& out) {
  Suspicion& suspicion = suspicions_[slot];
  suspicion.until.reset();
  suspicion.failing.clear();
  closed_[slot] = false;
  empty(slot);
  out.push_back(Readmitted{slot, cleared});
  report_slots(out);
}

void Agent::end_suspicions(Time now, Commands& out) {
  for (Slot slot = 0; slot < suspicions_.size(); ++slot) {
    for (auto& [stage, failed] : suspicions_[slot].failing)
      if (failed.avoids_until && now >= *failed.avoids_until) failed.avoids_until.reset();
    if (suspicions_[slot].until && now >= *suspicions_[slot].until) readmit(slot, false, out);
  }
}

bool Agent::avoids(Slot slot, Attempt attempt) const {
  auto failed = suspicions_[slot].failing.find(attempt.stage);
  if (failed == suspicions_[slot].failing.end() || !failed->second.avoids_until || width_of(attempt) > 1) return false;
  for (Slot other = 0; other < trainers_.size(); ++other)
    if (!closed_[other] && !suspicions_[other].failing.count(attempt.stage)) return true;
  return false;
}

// Slots are free, and it failed in all of those: what comes later may have them.
bool Agent::waits_for_another_slot(Attempt attempt) const {
  bool any = false;
  for (Slot slot = 0; slot < trainers_.size(); ++slot) {
    const Trainer& trainer = trainers_[slot];
    bool free = trainer.phase == Phase::empty || (trainer.phase == Phase::idle && trainer.width == 1 && !trainer.part);
    if (!free || !fits(slot, attempt)) continue;
    if (!avoids(slot, attempt)) return false;
    any = true;
  }
  return any;
}

}  // namespace winnow::sched
