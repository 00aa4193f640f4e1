#include "winnow/sched/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace winnow::sched {

namespace {

std::size_t classes_of(const Graph& graph) {
  return graph.classes.empty() ? 0 : *std::max_element(graph.classes.begin(), graph.classes.end()) + std::size_t{1};
}

constexpr std::uint32_t kLargestWindow = 256;  // stages held by a slot, however short they are

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
  for (const auto& [stage, lease] : leases_) result.given += !lease.started;
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
void Scheduler::handle(const Done& event, Time now, Commands& out) {
  if (event.attempt.stage >= records_.size()) return;
  Record& record = records_[event.attempt.stage];
  if (is_closed(record.state)) return;
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

void Scheduler::agents_changed() {
  largest_ = all_slots_ = 0;
  for (const auto& [id, host] : hosts_) {
    largest_ = std::max(largest_, host.slots);  // quarantine ends
    all_slots_ += host.slots;
  }
  most_slots_ = std::max(most_slots_, all_slots_);
}

// Stages that all agents together cannot take, now that all are here: they would wait for ever. What fitted before
// agents or devices were lost is not wrong, only stranded.
void Scheduler::fail_too_wide(Commands& out) {
  if (!complete_ || stopping_ || most_slots_ == 0) return;  // agents that drain are no fewer for the next run
  std::uint32_t largest = most_slots_;
  bool any = false;
  for (ClassId id = 0; id < open_of_.size() && !any; ++id) any = open_of_[id] > 0 && widths_[id] > largest;
  if (!any) return;
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    State state = records_[stage].state;
    if (width_of(stage) <= largest || is_closed(state) || state == State::leased) continue;
    records_[stage].state = State::failed;
    close(stage);
    ++failed_;
    out.push_back(TooWide{stage, width_of(stage), largest});
    block_dependents(stage, out);
  }
  end_reservations([&](const Reservation& r) { return records_[r.stage].state != State::ready; });
}

// A last agent without slots ends by itself. What is ready and fits waits for no more than an agent in quarantine.
bool Scheduler::stranded() const {
  if (!complete_ || stopping_ || open_ == 0 || all_slots_ == 0 || !leases_.empty() || !delayed_.empty()) return false;
  return std::all_of(ready_.begin(), ready_.end(),
                     [&](const auto& entry) { return entry.first > all_slots_ || entry.second.empty(); });
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

void Scheduler::make_ready(StageId stage) {
  records_[stage].state = State::ready;
  ready(stage).push(stage);
}

void Scheduler::release_dependents(StageId stage) {
  for (std::uint32_t i = first_dependent_[stage]; i < first_dependent_[stage + 1]; ++i) {
    Record& record = records_[dependents_[i]];
    if (--record.missing == 0 && record.state == State::waiting) make_ready(dependents_[i]);
  }
}

// Stages come in topological order: inputs before what needs them. Those of `inputs` come after all that have some.
void Scheduler::add_dependents(const std::vector<std::vector<StageId>>& inputs) {
  std::size_t before = first_dependent_.size() - 1, all = before + inputs.size();
  std::vector<std::uint32_t> first(all + 1);
  for (std::size_t stage = 0; stage < before; ++stage)
    first[stage + 1] = first_dependent_[stage + 1] - first_dependent_[stage];
  for (const auto& own : inputs)
    for (StageId input : own) ++first[input + 1];
  for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<StageId> dependents(first.back());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (std::size_t stage = 0; stage < before; ++stage)
    for (std::uint32_t i = first_dependent_[stage]; i < first_dependent_[stage + 1]; ++i)
      dependents[next[stage]++] = dependents_[i];
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (StageId input : inputs[i]) dependents[next[input]++] = static_cast<StageId>(before + i);
  first_dependent_ = std::move(first);
  dependents_ = std::move(dependents);
}

// Empty queues for all stages, with what is known of their durations.
void Scheduler::queue_anew(const std::vector<Priority>& priorities) {
  std::vector<std::uint16_t> heights(records_.size());  // the longest chain of stages that wait for each
  for (std::size_t stage = records_.size(); stage-- > 0;)
    for (std::uint32_t i = first_dependent_[stage]; i < first_dependent_[stage + 1]; ++i)
      heights[stage] = std::max<std::uint16_t>(
          heights[stage], static_cast<std::uint16_t>(std::min(heights[dependents_[i]] + 1, 65535)));
  std::map<std::uint32_t, ReadyQueue, std::greater<>> fresh;
  for (std::uint32_t width : std::set<std::uint32_t>(widths_.begin(), widths_.end()))
    fresh.emplace(width, ReadyQueue(widths_.size(), classes_, heights, priorities));
  for (const auto& [width, queue] : ready_)
    for (ClassId id = 0; id < queue.classes(); ++id)
      if (auto seconds = queue.prediction(id)) fresh.at(width).predict(id, *seconds);
  ready_ = std::move(fresh);
}

}  // namespace winnow::sched
