// Which stage starts in which slots, and when slots are emptied for another.
#include <algorithm>

#include "winnow/sched/agent.h"

namespace winnow::sched {

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

}  // namespace winnow::sched
