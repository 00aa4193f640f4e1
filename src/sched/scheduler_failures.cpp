// The scheduler's answer to failures: try again, give up, block what depends on it, lose an agent, put it into
// quarantine.
#include <algorithm>
#include <limits>
#include <utility>

#include "winnow/sched/quarantine.h"
#include "winnow/sched/scheduler.h"

namespace winnow::sched {

namespace {

// 0 to 511: so that what failed together is not tried again together.
int share_of(Attempt attempt) {
  return static_cast<int>((attempt.stage * 2654435761u + attempt.number * 40503u) >> 16 & 511u);
}

}  // namespace

void Scheduler::fail(Attempt attempt, FailureClass why, std::string text, Time now, Commands& out) {
  Record& record = records_[attempt.stage];
  if (why == FailureClass::memory && record.out_of_memory < std::numeric_limits<std::uint8_t>::max())
    ++record.out_of_memory;
  bool own_fault = why == FailureClass::user;
  bool again = why == FailureClass::protocol ? false
               : own_fault                   ? ++record.user_failures < policy_.user_failures
                                             : ++record.failures < policy_.max_attempts;
  if (again) {
    out.push_back(Retry{attempt, why, std::move(text)});
    // Its own fault will not go away by waiting: the second try only makes sure that it was not the node's.
    Time wait = own_fault ? Time{0} : timers_.backoff * (1 << std::min<int>(record.failures - 1, 20));
    wait = std::min(wait, timers_.longest_backoff);
    record.state = State::delayed;
    delayed_.emplace(now + wait + wait * share_of(attempt) / 1024, attempt.stage);
    return;
  }
  failed_on_.erase(attempt.stage);
  for (auto& [agent, host] : hosts_) host.failing.erase(attempt.stage);  // it was no agent's fault
  record.state = State::failed;
  close(attempt.stage);
  ++failed_;
  out.push_back(Fail{attempt, why, std::move(text)});
  block_dependents(attempt.stage, out);
  if (policy_.max_failures && failed_ >= policy_.max_failures) stop(out);
}

void Scheduler::block_dependents(StageId failed, Commands& out) {
  std::vector<StageId> todo{failed};
  while (!todo.empty()) {
    StageId stage = todo.back();
    todo.pop_back();
    for (std::uint32_t i = first_dependent_[stage]; i < first_dependent_[stage + 1]; ++i) {
      Record& record = records_[dependents_[i]];
      if (record.state != State::waiting) continue;  // done earlier, or blocked through another input
      record.state = State::blocked;
      close(dependents_[i]);
      ++blocked_;
      out.push_back(Block{dependents_[i], failed});
      todo.push_back(dependents_[i]);
    }
  }
}

// A stage alone says nothing of the agent, and neither do failures that name their cause.
void Scheduler::note_failure(AgentId agent, Attempt attempt, FailureClass why, Time now, Commands& out) {
  auto found = hosts_.find(agent);
  if (found == hosts_.end() || policy_.quarantine == 0 || why == FailureClass::memory || why == FailureClass::protocol)
    return;
  if (records_[attempt.stage].state == State::failed) return;
  Host& host = found->second;
  host.failing[attempt.stage] = why;
  bool another = std::any_of(hosts_.begin(), hosts_.end(),
                             [&](const auto& entry) { return entry.first != agent && entry.second.works(); });
  if (host.failing.size() < policy_.quarantine || host.quarantined_until || !another) return;
  Time length = quarantine_length(timers_, host.quarantines++);
  host.quarantined_until = now + length;
  out.push_back(Quarantine{agent, static_cast<std::uint32_t>(host.failing.size()), length});
  for (const auto& [stage, cause] : host.failing) forgive(stage, cause);
  end_reservations([&](const Reservation& r) { return r.place.has(agent); });
  for (auto& [stage, lease] : leases_) {
    if (!lease.has(agent) || lease.started || lease.retracting) continue;
    lease.retracting = true;
    out.push_back(Retract{agent, lease.attempt});
  }
}

void Scheduler::handle(const Forgive& event, Time, Commands&) {
  for (const Attempt& attempt : event.failed)
    if (auto last = failed_on_.find(attempt.stage); last != failed_on_.end() && last->second.first == event.agent)
      forgive(attempt.stage, last->second.second);
}

// What failed for good stays so: it failed elsewhere, too.
void Scheduler::forgive(StageId stage, FailureClass why) {
  Record& record = records_[stage];
  if (record.state == State::done || record.state == State::failed) return;
  if (why == FailureClass::user) record.user_failures -= record.user_failures > 0;
  else record.failures -= record.failures > 0;
}

// Agents whose quarantine is over, by time (one more failure, and it begins again) or because what failed there failed
// elsewhere, too. All, where no other agent works.
void Scheduler::readmit(Time now, Commands& out) {
  bool any = std::any_of(hosts_.begin(), hosts_.end(), [](const auto& entry) { return entry.second.works(); });
  for (auto& [agent, host] : hosts_) {
    if (!host.quarantined_until || (any && now < *host.quarantined_until && host.failing.size() >= policy_.quarantine))
      continue;
    host.quarantined_until.reset();
    while (host.failing.size() >= policy_.quarantine) host.failing.erase(host.failing.begin());
    out.push_back(Readmit{agent});
  }
}

// What it had started counts as a failed attempt: the stage may be what killed it. The rest is simply given to others.
void Scheduler::lose(AgentId agent, Time now, Commands& out) {
  if (!hosts_.count(agent)) return;
  out.push_back(LoseAgent{agent});
  end_reservations([&](const Reservation& r) { return r.place.has(agent); });
  leave_orders(agent, hosts_.at(agent));
  hosts_.erase(agent);
  agents_changed();
  std::vector<Lease> held;
  for (const auto& [stage, lease] : leases_)
    if (lease.has(agent)) held.push_back(lease);
  std::sort(held.begin(), held.end(), [](const Lease& a, const Lease& b) { return a.attempt < b.attempt; });
  for (const Lease& lease : held) {
    cancel_others(lease, agent, out);
    end_lease(lease.attempt.stage, now);
    if (lease.started) fail(lease.attempt, FailureClass::lost, "", now, out);
    else make_ready(lease.attempt.stage);
  }
  readmit(now, out);
}

// An agent whose heartbeats have stopped is dead, or as good as dead.
void Scheduler::lose_silent_agents(Time now, Commands& out) {
  std::vector<AgentId> silent;
  for (const auto& [id, host] : hosts_)
    if (now - host.heard > timers_.agent_silence) silent.push_back(id);
  for (AgentId agent : silent) lose(agent, now, out);
}

// The agent is alive, but no longer names the attempt among those that it holds.
void Scheduler::end_expired_leases(Time now, Commands& out) {
  std::vector<Lease> expired;
  for (const auto& [stage, lease] : leases_) {
    bool late = now - lease.renewed > timers_.agent_silence;
    for (const Member& member : lease.others) late = late || now - member.renewed > timers_.agent_silence;
    if (late) expired.push_back(lease);
  }
  for (const Lease& lease : expired) {
    out.push_back(Cancel{lease.agent, lease.attempt});
    cancel_others(lease, lease.agent, out);
    end_lease(lease.attempt.stage, now);
    fail(lease.attempt, FailureClass::lost, "", now, out);
  }
}

}  // namespace winnow::sched
