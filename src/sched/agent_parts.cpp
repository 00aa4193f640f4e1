// An agent's part of a gang over several agents: slots that are kept free, and processes that another agent calls here.
#include <utility>

#include "winnow/sched/agent.h"

namespace winnow::sched {

// Begins or calls that come for what is not kept any more are late: their gang hears of it from the coordinator.
void Agent::handle(const Begin& event, Time now, Commands& out) {
  std::optional<Slot> slot = part_of(event.attempt);
  if (!slot || trainers_[*slot].phase != Phase::reserved) return;
  trainers_[*slot].phase = Phase::starting;
  trainers_[*slot].since = now;
  out.push_back(StartTrainer{*slot, slots_of(*slot), event.attempt});
}

void Agent::handle(const Called& event, Time now, Commands& out) {
  std::optional<Slot> slot = part_of(event.attempt);
  if (!slot || trainers_[*slot].phase != Phase::reserved) return;
  trainers_[*slot].phase = Phase::hosting;
  trainers_[*slot].since = now;
  out.push_back(StartPart{*slot, slots_of(*slot), event.attempt});
}

void Agent::handle(const Released& event, Time now, Commands& out) {
  std::optional<Slot> slot = part_of(event.attempt);
  if (!slot) return handle(Cancelled{event.attempt}, now, out);
  orders_.erase(event.attempt);
  Trainer& trainer = trainers_[*slot];
  if (trainer.phase == Phase::hosting && !trainer.ended) quit(*slot, now, out);
  else if (trainer.phase == Phase::hosting || trainer.phase == Phase::freeing || trainer.phase == Phase::reserved)
    clear(*slot);
}

void Agent::handle(const SlotsFree& event, Time now, Commands& out) {
  Trainer& trainer = trainers_[event.slot];
  if (trainer.phase != Phase::freeing) return;
  trainer.phase = Phase::reserved;
  trainer.since = now;
  out.push_back(ReportReserved{trainer.attempt});
}

bool Agent::is_part(Attempt attempt) const {
  auto found = orders_.find(attempt);
  return found != orders_.end() && found->second.part;
}

bool Agent::keep_slots(Attempt attempt, std::uint32_t width, Time now, Commands& out) {
  std::vector<Slot> slots = take_slots(attempt, width);
  if (slots.empty()) return false;
  Trainer& trainer = trainers_[slots.front()];
  trainer.phase = Phase::freeing;
  trainer.part = true;
  trainer.attempt = attempt;
  trainer.since = now;
  out.push_back(FreeSlots{slots.front(), slots});
  return true;
}

std::vector<Slot> Agent::slots_of(Slot leader) const {
  std::vector<Slot> slots{leader};
  for (Slot slot = 0; slot < trainers_.size(); ++slot)
    if (trainers_[slot].phase == Phase::lent && trainers_[slot].leader == leader) slots.push_back(slot);
  return slots;
}

// The first slot of this agent's part of the gang.
std::optional<Slot> Agent::part_of(Attempt attempt) const {
  for (Slot slot = 0; slot < trainers_.size(); ++slot)
    if (trainers_[slot].part && trainers_[slot].attempt == attempt) return slot;
  return std::nullopt;
}

// What is kept free, or would have been.
void Agent::give_back(Slot slot, Commands& out) {
  out.push_back(ReportReturned{trainers_[slot].attempt});
  clear(slot);
}

// A part cannot be stopped alone: the agent that answers for the gang ends it, once this one has left.
void Agent::leave_gang(Slot slot, Time now, Commands& out) {
  Trainer& trainer = trainers_[slot];
  out.push_back(ReportReturned{trainer.attempt});
  if (trainer.ended) return clear(slot);
  trainer.phase = Phase::dying;
  trainer.owed = false;
  trainer.since = now;
}

}  // namespace winnow::sched
