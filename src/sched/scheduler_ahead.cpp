// What agents hold ahead of free slots: how much, and when it is taken back for others.
#include <algorithm>

#include "winnow/sched/scheduler.h"

namespace winnow::sched {

namespace {

constexpr std::uint32_t kLargestWindow = 256;  // stages held by a slot, however short they are

}  // namespace

// When it will end. What is not known may end at any moment.
void Scheduler::expect(Lease& lease, Time now) {
  StageId stage = lease.attempt.stage;
  double seconds = ready(stage).prediction(classes_[stage]).value_or(0);
  lease.end = now + Time(static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9));
  lease.for_each_part([&](Part part) {
    hosts_.at(part.agent).ends.emplace(lease.end, part.slots);
    look_ahead(part.agent, now);
  });
}

void Scheduler::look_ahead(AgentId agent, Time now) {
  const Host& host = hosts_.at(agent);
  std::uint32_t soon = 0;
  for (const auto& [end, width] : host.ends) {
    if (end > now + timers_.ahead || soon >= host.slots) break;
    soon += width;
  }
  soon = std::min(soon, host.slots);
  if (soon != host.ahead) change(agent, [&](Host& changed) { changed.ahead = soon; });
}

// What an agent has been given ahead and cannot start for long, because an estimate was wrong, is another's.
void Scheduler::take_back_what_waits(Time now, Commands& out) {
  if (now - looked_ < timers_.ahead || hosts_.size() < 2) return;
  looked_ = now;
  for (auto& [stage, lease] : leases_) {
    const Host& host = hosts_.at(lease.agent);
    if (lease.started || lease.retracting || !lease.others.empty() || host.held <= host.slots ||
        now - lease.given < 4 * timers_.ahead)
      continue;
    lease.retracting = true;
    out.push_back(Retract{lease.agent, lease.attempt});
  }
}

// How many stages a slot holds that comes free soon: the one that runs, and as many as run in the time of a prefetch,
// at least one.
std::uint32_t Scheduler::window(StageId stage) const {
  std::optional<double> seconds = ready_.at(width_of(stage)).prediction(classes_[stage]);
  if (!seconds) return 2;
  double ahead = std::chrono::duration<double>(timers_.prefetch).count() / std::max(*seconds, 1e-6);
  return 1 + static_cast<std::uint32_t>(std::clamp(ahead, 1.0, double{kLargestWindow}));
}

// Idle slots that are not reserved, and nothing ready for them: ask for stages that others have not started.
void Scheduler::steal(Commands& out) {
  if (by_load_.empty() || by_load_.rbegin()->first <= 1000) return;  // no agent holds more than it runs
  std::uint32_t wanted = 0, largest = 0;                             // idle slots, and the most of one agent
  for (const auto& [load, agent] : by_load_) {
    const Host& host = hosts_.at(agent);
    if (!host.works() || host.refuses) continue;
    if (host.held >= host.slots) break;
    if (host.held + host.kept >= host.slots) continue;
    wanted += host.slots - host.held - host.kept;
    largest = std::max(largest, host.slots - host.held - host.kept);
  }
  if (wanted == 0) return;
  for (auto& [stage, lease] : leases_)
    if (lease.retracting) wanted -= std::min(wanted, width_of(stage));
  if (wanted == 0) return;
  for (auto& [stage, lease] : leases_) {
    const Host& host = hosts_.at(lease.agent);
    if (lease.started || lease.retracting || !lease.others.empty() || host.held <= host.slots ||
        width_of(stage) > std::min(largest, wanted) || failed_on_.count(stage))  // it may have failed where the slot is
      continue;
    lease.retracting = true;
    out.push_back(Retract{lease.agent, lease.attempt});
    wanted -= width_of(stage);
    if (wanted == 0) return;
  }
}

}  // namespace winnow::sched
