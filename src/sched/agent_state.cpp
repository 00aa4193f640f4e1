// What an agent is, as bytes.
#include "state_bytes.h"
#include "winnow/sched/agent.h"

namespace winnow::sched {

std::string Agent::state(Time now) const {
  StateBytes bytes(now, timers_);
  for (const Trainer& trainer : trainers_) {
    bytes.add(static_cast<int>(trainer.phase))
        .add(trainer.width)
        .add(trainer.leader)
        .add(trainer.attempt)
        .add(trainer.part)
        .add(trainer.ended)
        .add(trainer.owed)
        .add(trainer.killed)
        .add(trainer.abandoned)
        .add(static_cast<int>(trainer.why))
        .add(trainer.since)
        .add(trainer.moved)
        .add(trainer.mark)
        .add(trainer.moved_once)
        .add(trainer.returning)
        .add(trainer.memory)
        .add(trainer.steps.size());
    for (Time step : trainer.steps) bytes.add(step.count());
  }
  for (bool closed : closed_) bytes.add(closed);
  for (const Suspicion& suspicion : suspicions_) {
    bytes.add(suspicion.failing.size()).add(suspicion.others_work).add(suspicion.times);
    for (const auto& [stage, failed] : suspicion.failing)
      bytes.add(failed.attempt).add(failed.avoids_until.has_value()).add(failed.avoids_until.value_or(now));
    bytes.add(suspicion.until.has_value()).add(suspicion.until.value_or(now));
  }
  bytes.add_all(preparing_).add_all(waiting_).add_all(committing_);
  bytes.add(orders_.size());
  for (const auto& [attempt, order] : orders_)
    bytes.add(attempt).add(order.width).add(order.need.bytes).add(order.need.alone).add(order.part);
  bytes.add(heard_).add(beaten_).add(draining_).add(orphaned_).add(exited_);
  return bytes.add(draining_ ? stop_at_ : now).take();
}

}  // namespace winnow::sched
