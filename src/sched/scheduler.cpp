#include "winnow/sched/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace winnow::sched {

namespace {

// The longest chain of stages that wait for each. Stages come in topological order: inputs before what needs them.
std::vector<std::uint16_t> heights(const Graph& graph) {
  std::vector<std::uint16_t> height(graph.inputs.size());
  for (std::size_t stage = graph.inputs.size(); stage-- > 0;)
    for (StageId input : graph.inputs[stage])
      height[input] =
          std::max<std::uint16_t>(height[input], static_cast<std::uint16_t>(std::min(height[stage] + 1, 65535)));
  return height;
}

std::size_t classes_of(const Graph& graph) {
  return graph.classes.empty() ? 0 : *std::max_element(graph.classes.begin(), graph.classes.end()) + std::size_t{1};
}

constexpr std::uint32_t kLargestWindow = 256;  // stages held by a slot, however short they are

}  // namespace

Scheduler::Scheduler(Graph graph, Policy policy, Timers timers)
    : policy_(policy), timers_(timers), classes_(graph.classes), widths_(graph.widths), records_(graph.inputs.size()),
      first_dependent_(graph.inputs.size() + 1), seen_(classes_of(graph)), open_of_(classes_of(graph)) {
  widths_.resize(classes_of(graph), 1);
  std::set<std::uint32_t> widths(widths_.begin(), widths_.end());
  const std::vector<std::uint16_t> height = heights(graph);
  for (std::uint32_t width : widths)
    ready_.emplace(width, ReadyQueue(widths_.size(), graph.classes, height, graph.priorities));
  for (const auto& inputs : graph.inputs)
    for (StageId input : inputs) ++first_dependent_[input + 1];
  for (std::size_t i = 1; i < first_dependent_.size(); ++i) first_dependent_[i] += first_dependent_[i - 1];
  dependents_.resize(first_dependent_.back());
  std::vector<std::uint32_t> next(first_dependent_.begin(), first_dependent_.end() - 1);
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    for (StageId input : graph.inputs[stage]) {
      dependents_[next[input]++] = stage;
      records_[stage].missing += !graph.done[input];
    }
    if (graph.done[stage]) records_[stage].state = State::done, ++done_;
    else ++open_, ++open_of_[classes_[stage]];
  }
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
  Counts result{done_, failed_, blocked_, open_, 0, hosts_.size()};
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

std::vector<Scheduler::Outlook> Scheduler::outlook() const {
  std::vector<Outlook> result;
  for (ClassId id = 0; id < open_of_.size(); ++id)
    result.push_back({open_of_[id], widths_[id], ready_.at(widths_[id]).prediction(id)});
  return result;
}

void Scheduler::handle(const Joined& event, Time now, Commands&) {
  if (hosts_.count(event.agent) || event.slots == 0) return;
  hosts_[event.agent] = {event.slots, 0, 0, now};
  by_load_.insert({0, event.agent});
  by_fill_.insert({0, event.agent});
}

// What it holds beyond its room waits there or is stolen from it, as with any agent that holds more than it runs.
void Scheduler::handle(const Resized& event, Time now, Commands& out) {
  if (!hosts_.count(event.agent)) return;
  change(event.agent, [&](Host& host) { host.slots = event.slots; });
  readmit(now, out);
  fail_too_wide(out);
}

void Scheduler::handle(const Complete&, Time, Commands& out) {
  complete_ = true;
  fail_too_wide(out);
}

void Scheduler::handle(const Beat& event, Time now, Commands&) {
  if (auto host = hosts_.find(event.agent); host != hosts_.end()) host->second.refuses = false;
  for (const Attempt& attempt : event.held)
    if (Lease* lease = lease_of(event.agent, attempt)) lease->renewed = now;
}

void Scheduler::handle(const Started& event, Time now, Commands&) {
  Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease || lease->started) return;
  lease->started = true;
  lease->retracting = false;  // the request came too late
  lease->renewed = now;
  Host& host = hosts_.at(event.agent);
  ++host.started;
  host.ends.erase(host.ends.find({lease->end, width_of(event.attempt.stage)}));
  expect(*lease, now);
}

// A result counts from whichever agent, as long as the stage is open: its lease may have ended while it was under way.
void Scheduler::handle(const Done& event, Time, Commands& out) {
  if (event.attempt.stage >= records_.size()) return;
  Record& record = records_[event.attempt.stage];
  if (record.state == State::done || record.state == State::failed || record.state == State::blocked) return;
  if (auto lease = leases_.find(event.attempt.stage); lease != leases_.end()) {
    if (lease->second.attempt != event.attempt) out.push_back(Cancel{lease->second.agent, lease->second.attempt});
    end_lease(event.attempt.stage);
  }
  record.state = State::done;  // a stage in the ready queue is skipped when it comes up
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
  if (!lease_of(event.agent, event.attempt)) return;
  end_lease(event.attempt.stage);
  failed_on_[event.attempt.stage] = {event.agent, event.why};
  fail(event.attempt, event.why, event.text, now, out);
  note_failure(event.agent, event.attempt, event.why, now, out);
  readmit(now, out);
  fail_too_wide(out);
}

void Scheduler::handle(const Returned& event, Time, Commands& out) {
  const Lease* lease = lease_of(event.agent, event.attempt);
  if (!lease) return;
  // Not asked to: it would return the next one, too, as fast as messages travel.
  if (!lease->started && !lease->retracting) hosts_.at(event.agent).refuses = true;
  end_lease(event.attempt.stage);
  make_ready(event.attempt.stage);
  fail_too_wide(out);  // its agent may have lost slots meanwhile
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
  if (found == leases_.end() || found->second.attempt != attempt || found->second.agent != agent) return nullptr;
  return &found->second;
}

void Scheduler::end_lease(StageId stage) {
  auto found = leases_.find(stage);
  const Lease& lease = found->second;
  if (hosts_.count(lease.agent))
    change(lease.agent, [&](Host& host) {
      host.started -= lease.started;
      host.ends.erase(host.ends.find({lease.end, width_of(stage)}));
      host.held -= width_of(stage);
    });
  leases_.erase(found);
}

template <class Change>
void Scheduler::change(AgentId agent, Change change) {
  Host& host = hosts_.at(agent);
  by_load_.erase({load_of(host), agent});
  by_fill_.erase({fill_of(host), agent});
  change(host);
  by_load_.insert({load_of(host), agent});
  by_fill_.insert({fill_of(host), agent});
}

// When it will end. What is not known may end at any moment.
void Scheduler::expect(Lease& lease, Time now) {
  StageId stage = lease.attempt.stage;
  double seconds = ready(stage).prediction(classes_[stage]).value_or(0);
  lease.end = now + Time(static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9));
  hosts_.at(lease.agent).ends.emplace(lease.end, width_of(stage));
  look_ahead(lease.agent, now);
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
    if (lease.started || lease.retracting || host.held <= host.slots || now - lease.given < 4 * timers_.ahead) continue;
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
  std::uint32_t below = std::numeric_limits<std::uint32_t>::max();  // agents with fewer slots may take what is left
  for (auto priority = next_priority(std::nullopt); priority; priority = next_priority(priority))
    for (auto& [width, queue] : ready_)
      if (!assign_width(width, *priority, below, now, out)) below = std::min(below, width);
  steal(below, out);
}

// The smallest that a ready stage has, of those larger than `after`.
std::optional<std::uint16_t> Scheduler::next_priority(std::optional<std::uint16_t> after) const {
  std::optional<std::uint16_t> least;
  for (const auto& [width, queue] : ready_)
    if (auto own = queue.priority(); own && (!after || *own > *after) && (!least || *own < *least)) least = own;
  return least;
}

bool Scheduler::can_take(const Host& host, std::uint32_t width, std::uint32_t below) const {
  return host.slots >= width && host.slots < below && !host.refuses && !host.quarantined_until;
}

bool Scheduler::has_room(const Host& host, StageId stage) const {
  return host.held + width_of(stage) <= host.slots + host.ahead * (window(stage) - 1);
}

// Where the stage goes that would go to the emptiest agent. None: it failed there, has to be tried elsewhere, and those
// agents have no room.
std::optional<AgentId> Scheduler::place_of(StageId stage, AgentId emptiest, std::uint32_t below) const {
  if (failed_on_.empty()) return emptiest;
  auto failed = failed_on_.find(stage);
  if (failed == failed_on_.end() || failed->second.first != emptiest) return emptiest;
  auto other = std::find_if(by_fill_.begin(), by_fill_.end(), [&](const auto& entry) {
    return entry.second != emptiest && can_take(hosts_.at(entry.second), width_of(stage), below);
  });
  if (other == by_fill_.end()) return emptiest;
  const Host& host = hosts_.at(other->second);
  bool last_try = records_[stage].failures + 1u >= policy_.max_attempts;
  if (failed->second.second == FailureClass::user || last_try)
    return has_room(host, stage) ? std::optional(other->second) : std::nullopt;
  return host.held + width_of(stage) <= host.slots ? other->second : emptiest;
}

// Gives stages of one width and priority to agents with fewer than `below` slots. False when one is left that waits for
// room.
bool Scheduler::assign_width(std::uint32_t width, std::uint16_t priority, std::uint32_t below, Time now,
                             Commands& out) {
  ReadyQueue& queue = ready_.at(width);
  std::vector<StageId> elsewhere;  // to be tried on agents without room
  bool satisfied = true;
  while (queue.priority() == priority) {
    auto able = std::find_if(by_fill_.begin(), by_fill_.end(),
                             [&](const auto& entry) { return can_take(hosts_.at(entry.second), width, below); });
    if (able == by_fill_.end()) break;  // it waits for an agent, or with a wider one: no room is kept for it
    if (const Host& host = hosts_.at(able->second); host.held >= host.slots * (1 + kLargestWindow)) {
      satisfied = false;
      break;
    }
    std::optional<StageId> stage = queue.pop();
    Record& record = records_[*stage];
    if (record.state != State::ready) continue;  // a late result made it done
    std::optional<AgentId> agent = place_of(*stage, able->second, below);
    if (!agent) {
      elsewhere.push_back(*stage);
      continue;
    }
    const Host& host = hosts_.at(*agent);
    if (!has_room(host, *stage)) {
      queue.push(*stage);
      satisfied = false;
      break;
    }
    record.state = State::leased;
    Attempt attempt{*stage, ++record.attempts};
    Lease& lease = leases_[*stage] = {*agent, attempt, now, now, now};
    change(*agent, [&](Host& changed) { changed.held += width; });
    expect(lease, now);
    out.push_back(Assign{*agent, attempt, record.out_of_memory});
  }
  for (StageId stage : elsewhere) queue.push(stage);
  return satisfied;
}

// Stages that no agent can take, now that all are here: they would wait for ever.
void Scheduler::fail_too_wide(Commands& out) {
  if (!complete_ || hosts_.empty()) return;
  std::uint32_t largest = 0;
  for (const auto& [id, host] : hosts_) largest = std::max(largest, host.slots);  // quarantine ends
  if (largest == 0) return;  // the last agent has lost its devices: it ends, and what it leaves is another one's
  bool any = false;
  for (ClassId id = 0; id < open_of_.size() && !any; ++id) any = open_of_[id] > 0 && widths_[id] > largest;
  if (!any) return;
  for (StageId stage = 0; stage < records_.size(); ++stage) {
    State state = records_[stage].state;
    if (width_of(stage) <= largest || state == State::done || state == State::failed || state == State::blocked ||
        state == State::leased)
      continue;
    records_[stage].state = State::failed;
    close(stage);
    ++failed_;
    out.push_back(TooWide{stage, width_of(stage), largest});
    block_dependents(stage, out);
  }
}

// Idle slots of agents with fewer than `below`, and nothing ready for them: ask for stages that others have not
// started. The larger agents' slots are kept for a stage that waits.
void Scheduler::steal(std::uint32_t below, Commands& out) {
  if (by_load_.empty() || by_load_.rbegin()->first <= 1000) return;  // no agent holds more than it runs
  std::uint32_t wanted = 0, largest = 0;                             // idle slots, and the most of one agent
  for (const auto& [load, agent] : by_load_) {
    const Host& host = hosts_.at(agent);
    if (!host.works() || host.refuses) continue;
    if (host.held >= host.slots) break;
    if (host.slots >= below) continue;
    wanted += host.slots - host.held;
    largest = std::max(largest, host.slots - host.held);
  }
  if (wanted == 0) return;
  for (auto& [stage, lease] : leases_)
    if (lease.retracting) wanted -= std::min(wanted, width_of(stage));
  if (wanted == 0) return;
  for (auto& [stage, lease] : leases_) {
    const Host& host = hosts_.at(lease.agent);
    if (lease.started || lease.retracting || host.held <= host.slots || width_of(stage) > std::min(largest, wanted) ||
        failed_on_.count(stage))  // it may have failed where the slot is
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

}  // namespace winnow::sched
