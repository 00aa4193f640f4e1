#include "winnow/sched/scheduler.h"

#include <algorithm>
#include <utility>

namespace winnow::sched {

namespace {

std::size_t classes_of(const Graph& graph) {
  return graph.classes.empty() ? 0 : *std::max_element(graph.classes.begin(), graph.classes.end()) + std::size_t{1};
}

}  // namespace

Scheduler::Scheduler(Graph graph, Policy policy, Timers timers)
    : policy_(policy), timers_(timers), classes_(graph.classes), widths_(graph.widths), records_(graph.inputs.size()),
      first_dependent_(1), seen_(classes_of(graph)), open_of_(classes_of(graph)) {
  widths_.resize(classes_of(graph), 1);
  add_dependents(graph.inputs);
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    for (StageId input : graph.inputs[stage]) records_[stage].missing += !graph.done[input];
    if (graph.done[stage]) records_[stage].state = State::done, ++done_;
    else ++open_, ++open_of_[classes_[stage]];
  }
  graph.priorities.resize(records_.size());
  queue_anew(graph.priorities);
  for (StageId stage = 0; stage < records_.size(); ++stage)
    if (!graph.done[stage] && records_[stage].missing == 0) make_ready(stage);
}

void Scheduler::predict(ClassId id, double seconds) {
  ready_.at(widths_[id]).predict(id, seconds);
  seen_[id] = 1;
}

void Scheduler::attempted(StageId stage, std::uint32_t attempts) { records_[stage].attempts = attempts; }

void Scheduler::on(const Event& event, Time now, Commands& out) {
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.agent; })  // whatever it says, it lives
          if (auto host = hosts_.find(e.agent); host != hosts_.end()) host->second.heard = now;
        handle(e, now, out);
      },
      event);
  assign(now, out);
}

Scheduler::Counts Scheduler::counts() const {
  Counts result{done_, failed_, blocked_, open_, 0, hosts_.size(), withdrawn_};
  for (const auto& [id, host] : hosts_) result.running += host.started;
  return result;
}

Scheduler::Waiting Scheduler::waiting(Time now) const {
  Waiting result;
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    State state = records_[stage].state;
    result.inputs += state == State::waiting;
    result.pause += state == State::delayed;
    result.room += state == State::ready;
    if (state == State::ready && width_of(stage) > 1) ++result.wide[width_of(stage)];
  }
  std::map<AgentId, std::int64_t> free;
  for (const auto& [agent, host] : hosts_) free[agent] = host.slots;
  for (const auto& [stage, lease] : leases_)
    if (lease.started) lease.for_each_part([&](Part part) { free[part.agent] -= part.slots; });
  for (const auto& [stage, lease] : leases_) {
    if (lease.started) continue;
    bool fits = true;
    lease.for_each_part([&](Part part) { fits = fits && free[part.agent] >= part.slots; });
    ++(fits ? result.preparing : result.given);
    if (fits) lease.for_each_part([&](Part part) { free[part.agent] -= part.slots; });
  }
  if (!delayed_.empty()) result.next_try = std::max(delayed_.begin()->first - now, Time{0});
  return result;
}

std::vector<Part> Scheduler::parts_of(Attempt attempt) const {
  std::vector<Part> parts;
  if (auto found = leases_.find(attempt.stage); found != leases_.end() && found->second.attempt == attempt)
    found->second.for_each_part([&](Part part) { parts.push_back(part); });
  return parts;
}

std::vector<StageId> Scheduler::failed() const {
  std::vector<StageId> result;
  for (StageId stage = 0; stage < records_.size(); ++stage)
    if (records_[stage].state == State::failed) result.push_back(stage);
  return result;
}

std::vector<Scheduler::Outlook> Scheduler::outlook() const {
  std::vector<Outlook> result;
  for (ClassId id = 0; id < open_of_.size(); ++id)
    result.push_back({open_of_[id], widths_[id], ready_.at(widths_[id]).prediction(id)});
  return result;
}

void Scheduler::handle(const Joined& event, Time now, Commands&) {
  if (hosts_.count(event.agent) || event.slots == 0) return;
  end_reservations([](const Reservation&) { return true; });  // it may take what waits, now
  Host& host = hosts_[event.agent];
  host.slots = event.slots;
  host.heard = now;
  enter_orders(event.agent, host);
  agents_changed();
}

// What it holds beyond its room waits there or is stolen from it, as with any agent that holds more than it runs.
void Scheduler::handle(const Resized& event, Time now, Commands& out) {
  if (!hosts_.count(event.agent)) return;
  end_reservations([&](const Reservation& r) { return r.place.has(event.agent); });
  change(event.agent, [&](Host& host) { host.slots = event.slots; });
  agents_changed();
  readmit(now, out);
}

void Scheduler::handle(const Complete&, Time, Commands& out) {
  complete_ = true;
  fail_too_wide(out);
}

// What it holds without a lease it has not heard the end of.
void Scheduler::handle(const Beat& event, Time now, Commands& out) {
  auto host = hosts_.find(event.agent);
  if (host == hosts_.end()) return;
  if (std::exchange(host->second.refuses, false)) touched_.push_back(event.agent);
  for (const Attempt& attempt : event.held) {
    Lease* lease = lease_of(event.agent, attempt);
    if (!lease) out.push_back(Cancel{event.agent, attempt});
    else if (lease->agent == event.agent) lease->renewed = now;
    else
      for (Member& member : lease->others)
        if (member.part.agent == event.agent) member.renewed = now;
  }
}

void Scheduler::handle(const Started& event, Time now, Commands&) {
  Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease || lease->started || lease->agent != event.agent) return;
  lease->started = true;
  lease->retracting = false;  // the request came too late
  lease->renewed = now;
  ++hosts_.at(event.agent).started;
  forget_end(*lease);
  expect(*lease, now);
}

void Scheduler::handle(const Reserved& event, Time now, Commands& out) {
  Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease || lease->others.empty()) return;
  bool all = std::exchange(lease->reserved, lease->reserved || lease->agent == event.agent);
  bool before = all;
  all = lease->reserved;
  for (Member& member : lease->others) {
    before = before && member.reserved;
    if (member.part.agent == event.agent) member.reserved = true, member.renewed = now;
    all = all && member.reserved;
  }
  if (!all || before) return;
  out.push_back(Begin{lease->agent, event.attempt, parts_of(event.attempt)});
}

// A result counts from whichever agent, as long as the stage is open: its lease may have ended while it was under way.
// Not of an attempt that nobody was given.
void Scheduler::handle(const Done& event, Time now, Commands& out) {
  if (event.attempt.stage >= records_.size()) return;
  Record& record = records_[event.attempt.stage];
  if (is_closed(record.state) || event.attempt.number > record.attempts) return;
  if (auto lease = leases_.find(event.attempt.stage); lease != leases_.end()) {
    const Lease& held = lease->second;
    if (held.attempt != event.attempt) {
      out.push_back(Cancel{held.agent, held.attempt});
      cancel_others(held, held.agent, out);
    } else {
      for (const Member& member : held.others) out.push_back(Release{member.part.agent, held.attempt});
    }
    end_lease(event.attempt.stage, now);
  }
  record.state = State::done;  // a stage in the ready queue is skipped when it comes up
  end_reservations([&](const Reservation& r) { return r.stage == event.attempt.stage; });
  close(event.attempt.stage);
  ++done_;
  out.push_back(Accept{event.agent, event.attempt, event.outcome});
  ClassId id = classes_[event.attempt.stage];
  // A running mean that forgets: machines and loads change within a sweep.
  double weight = 1.0 / std::min(++seen_[id], 8u);
  ReadyQueue& queue = ready_.at(widths_[id]);
  queue.predict(id,
                queue.prediction(id).value_or(event.outcome.seconds) * (1 - weight) + event.outcome.seconds * weight);
  release_dependents(event.attempt.stage);
  failed_on_.erase(event.attempt.stage);
  if (auto host = hosts_.find(event.agent); host != hosts_.end()) host->second.failing.clear();
}

void Scheduler::handle(const Failed& event, Time now, Commands& out) {
  const Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease) return;
  cancel_others(*lease, event.agent, out);
  end_lease(event.attempt.stage, now);
  failed_on_[event.attempt.stage] = {event.agent, event.why};
  fail(event.attempt, event.why, event.text, now, out);
  note_failure(event.agent, event.attempt, event.why, now, out);
  readmit(now, out);
}

void Scheduler::handle(const Returned& event, Time now, Commands& out) {
  const Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease) return;
  // Not asked to: it would return the next one, too, as fast as messages travel.
  if (!lease->started && !lease->retracting) hosts_.at(event.agent).refuses = true;
  cancel_others(*lease, event.agent, out);
  end_lease(event.attempt.stage, now);
  make_ready(event.attempt.stage);
}

void Scheduler::handle(const Left& event, Time now, Commands& out) { lose(event.agent, now, out); }

void Scheduler::handle(const Tick&, Time now, Commands& out) {
  lose_silent_agents(now, out);
  end_expired_leases(now, out);
  readmit(now, out);
  for (const auto& [agent, host] : hosts_) look_ahead(agent, now);
  take_back_what_waits(now, out);
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    StageId stage = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    if (records_[stage].state == State::delayed) make_ready(stage);
  }
}

void Scheduler::handle(const Drain&, Time, Commands& out) { stop(out); }

void Scheduler::stop(Commands& out) {
  if (std::exchange(stopping_, true)) return;
  out.push_back(StopAll{});
}

Scheduler::Lease* Scheduler::lease_of(AgentId agent, Attempt attempt) {
  auto found = leases_.find(attempt.stage);
  if (found == leases_.end() || found->second.attempt != attempt || !found->second.has(agent)) return nullptr;
  return &found->second;
}

void Scheduler::forget_end(const Lease& lease) {
  lease.for_each_part([&](Part part) {
    if (auto host = hosts_.find(part.agent); host != hosts_.end())
      host->second.ends.erase(host->second.ends.find({lease.end, part.slots}));
  });
}

void Scheduler::end_lease(StageId stage, Time now) {
  auto found = leases_.find(stage);
  const Lease& lease = found->second;
  forget_end(lease);
  lease.for_each_part([&](Part part) {
    if (!hosts_.count(part.agent)) return;
    change(part.agent, [&](Host& host) {
      host.started -= lease.started && part.agent == lease.agent;
      host.held -= part.slots;
    });
    look_ahead(part.agent, now);
  });
  leases_.erase(found);
}

// Of a gang over several agents.
void Scheduler::cancel_others(const Lease& lease, AgentId except, Commands& out) {
  if (lease.others.empty()) return;
  lease.for_each_part([&](Part part) {
    if (part.agent != except) out.push_back(Cancel{part.agent, lease.attempt});
  });
}

void Scheduler::enter_orders(AgentId agent, const Host& host) {
  by_load_.insert({load_of(host), agent});
  by_fill_.insert({fill_of(host), agent});
  ++unkept_[host.slots - std::min(host.slots, host.kept)];
  if (host.kept == 0) return;
  touched_.push_back(agent);
  if (host.held < host.slots) gaps_.insert(agent);
}

void Scheduler::leave_orders(AgentId agent, const Host& host) {
  by_load_.erase({load_of(host), agent});
  by_fill_.erase({fill_of(host), agent});
  auto unkept = unkept_.find(host.slots - std::min(host.slots, host.kept));
  if (--unkept->second == 0) unkept_.erase(unkept);
  gaps_.erase(agent);
}

void Scheduler::assign(Time now, Commands& out) {
  if (stopping_) return;
  start_reserved(now, out);
  bool room = true;
  for (auto priority = next_priority(std::nullopt); priority; priority = next_priority(priority)) {
    bool room_left = room;
    for (auto& [width, queue] : ready_) {
      if (room && !assign_width(width, *priority, now, out) && width == 1) room_left = false;
      fill_gaps(width, *priority, now, out);
    }
    room = room_left;
  }
  steal(out);
}

// The smallest that a ready stage has, of those larger than `after`.
std::optional<Priority> Scheduler::next_priority(std::optional<Priority> after) const {
  std::optional<Priority> least;
  for (const auto& [width, queue] : ready_)
    if (auto own = queue.priority(); own && (!after || *own > *after) && (!least || *own < *least)) least = own;
  return least;
}

}  // namespace winnow::sched
