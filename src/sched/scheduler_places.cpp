// Where stages go: agents with room for them, several agents together, slots reserved for those that have none; and
// what fits nowhere.
#include <algorithm>
#include <set>
#include <utility>

#include "winnow/sched/scheduler.h"

namespace winnow::sched {

bool Scheduler::Place::has(AgentId id) const {
  return agent == id || std::any_of(others.begin(), others.end(), [&](Part part) { return part.agent == id; });
}

bool Scheduler::Lease::has(AgentId id) const {
  return agent == id ||
         std::any_of(others.begin(), others.end(), [&](const Member& member) { return member.part.agent == id; });
}

bool Scheduler::can_take(const Host& host, std::uint32_t width) const {
  return host.slots >= width && !host.refuses && !host.quarantined_until;
}

bool Scheduler::has_room(const Host& host, StageId stage) const {
  if (host.kept > 0) return host.held + host.kept + width_of(stage) <= host.slots;
  return host.held + width_of(stage) <= host.slots + host.ahead * (window(stage) - 1);
}

// It failed there, and the next try has to be on another agent, where there is one.
bool Scheduler::must_go_elsewhere(StageId stage, AgentId agent) const {
  auto failed = failed_on_.find(stage);
  if (failed == failed_on_.end() || failed->second.first != agent) return false;
  bool last_try = records_[stage].failures + 1u >= policy_.max_attempts;
  return (failed->second.second == FailureClass::user || last_try) &&
         std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
           return entry.first != agent && can_take(entry.second, width_of(stage));
         });
}

// Where the stage can start, or be held ahead, now. The emptiest agent, but where it failed only if there is no other.
std::variant<Scheduler::Place, Scheduler::NoPlace> Scheduler::place_of(StageId stage) const {
  std::uint32_t width = width_of(stage);
  if (spreads(width)) return place_over_several(width);
  auto able = [&](const auto& entry) { return can_take(hosts_.at(entry.second), width); };
  auto with_room = [&](const auto& entry) {
    const Host& host = hosts_.at(entry.second);
    return can_take(host, width) && ((width == 1 && host.kept == 0) || has_room(host, stage));
  };
  auto emptiest = std::find_if(by_fill_.begin(), by_fill_.end(), with_room);
  auto failed = failed_on_.find(stage);
  if (emptiest == by_fill_.end())
    return std::any_of(by_fill_.begin(), by_fill_.end(), able) ? NoPlace::full : NoPlace::nobody;
  if (failed != failed_on_.end() && failed->second.first == emptiest->second) {
    auto other = std::find_if(by_fill_.begin(), by_fill_.end(),
                              [&](const auto& entry) { return entry.second != emptiest->second && with_room(entry); });
    const Host* host = other == by_fill_.end() ? nullptr : &hosts_.at(other->second);
    if (must_go_elsewhere(stage, emptiest->second)) {
      if (!host || !has_room(*host, stage)) return NoPlace::elsewhere;
      return Place{other->second, width};
    }
    if (host && host->held + host->kept + width <= host->slots) return Place{other->second, width};
  }
  if (!has_room(hosts_.at(emptiest->second), stage)) return NoPlace::full;
  return Place{emptiest->second, width};
}

// The agents with the most free slots, so that they are few.
std::variant<Scheduler::Place, Scheduler::NoPlace> Scheduler::place_over_several(std::uint32_t width) const {
  std::vector<std::pair<std::uint32_t, AgentId>> free;
  std::uint32_t could = 0, room = 0;
  for (const auto& [agent, host] : hosts_) {
    if (!can_take(host, 1)) continue;
    could += host.slots;
    std::uint32_t own = host.slots - std::min(host.slots, host.held + host.kept);
    room += own;
    if (own > 0) free.emplace_back(own, agent);
  }
  if (could < width) return NoPlace::nobody;
  if (room < width) return NoPlace::full;
  return place_of_parts(std::move(free), width);
}

Scheduler::Place Scheduler::place_of_parts(std::vector<std::pair<std::uint32_t, AgentId>> free, std::uint32_t width) {
  std::sort(free.begin(), free.end(),
            [](const auto& a, const auto& b) { return std::pair(b.first, a.second) < std::pair(a.first, b.second); });
  Place place{free.front().second, std::min(free.front().first, width)};
  width -= place.slots;
  for (auto next = free.begin() + 1; width > 0; ++next) {
    place.others.push_back({next->second, std::min(next->first, width)});
    width -= place.others.back().slots;
  }
  return place;
}

void Scheduler::give(StageId stage, const Place& place, Time now, Commands& out) {
  Record& record = records_[stage];
  record.state = State::leased;
  Attempt attempt{stage, ++record.attempts};
  Lease& lease = leases_[stage];
  lease = {place.agent, attempt, now, now, now, place.slots};
  for (const Part& part : place.others) lease.others.push_back({part, now});
  lease.for_each_part([&](Part part) {
    change(part.agent, [&](Host& changed) { changed.held += part.slots; });
    out.push_back(Assign{part.agent, attempt, record.out_of_memory, part.slots, !place.others.empty()});
  });
  expect(lease, now);
}

// Gives stages of one width and priority to agents, and reserves room for wide ones that have none. False when one is
// left that waits for room and has none reserved.
bool Scheduler::assign_width(std::uint32_t width, Priority priority, Time now, Commands& out) {
  ReadyQueue& queue = ready_.at(width);
  if (width > 1 && queue.priority() == priority && !could_reserve(width)) return false;
  std::vector<StageId> elsewhere;  // to be tried on agents without room
  bool satisfied = true;
  while (queue.priority() == priority) {
    StageId stage = *queue.pop();
    if (records_[stage].state != State::ready) continue;  // a late result made it done
    auto place = place_of(stage);
    if (auto* found = std::get_if<Place>(&place)) {
      give(stage, *found, now, out);
      continue;
    }
    NoPlace why = std::get<NoPlace>(place);
    if (why != NoPlace::nobody && width > 1 && reserve(stage, now)) continue;
    if (why == NoPlace::elsewhere) {
      elsewhere.push_back(stage);
      continue;
    }
    queue.push(stage);
    satisfied = why == NoPlace::nobody;  // it waits for an agent: no room is kept for it
    break;
  }
  for (StageId stage : elsewhere) queue.push(stage);
  return satisfied;
}

// (when, so many slots of it come free), from now on; without those that are reserved.
std::vector<std::pair<Time, std::uint32_t>> Scheduler::free_by(const Host& host, Time now) const {
  std::vector<std::pair<Time, std::uint32_t>> result;
  if (host.slots > host.held) result.emplace_back(now, host.slots - host.held);
  for (const auto& [end, slots] : host.ends) result.emplace_back(std::max(end, now), slots);
  std::uint32_t useful = host.slots - std::min(host.slots, host.kept);  // the last ones are of what is held ahead
  for (auto& [when, slots] : result) {
    slots = std::min(slots, useful);
    useful -= slots;
  }
  std::erase_if(result, [](const auto& entry) { return entry.second == 0; });
  return result;
}

// Of one agent, or of several where one is not enough: those that are expected to be free first.
bool Scheduler::reserve(StageId stage, Time now) {
  std::uint32_t width = width_of(stage);
  std::optional<std::pair<Time, Place>> best;
  std::vector<std::pair<Time, Part>> of_all;
  for (const auto& [agent, host] : hosts_) {
    if (!can_take(host, 1) || must_go_elsewhere(stage, agent)) continue;
    std::uint32_t free = 0;
    for (const auto& [when, slots] : free_by(host, now)) {
      if (spreads(width)) of_all.push_back({when, {agent, slots}});
      free += slots;
      if (spreads(width) || free < width) continue;
      if (!best || when < best->first) best = {when, Place{agent, width}};
      break;
    }
  }
  if (spreads(width)) {
    std::stable_sort(of_all.begin(), of_all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<AgentId, std::uint32_t> free;
    std::uint32_t sum = 0;
    Time when = now;
    for (const auto& [end, part] : of_all) {
      if (sum >= width) break;
      free[part.agent] += part.slots;
      sum += part.slots;
      when = end;
    }
    if (sum < width) return false;
    std::vector<std::pair<std::uint32_t, AgentId>> parts;
    for (const auto& [agent, slots] : free) parts.emplace_back(slots, agent);
    best = {when, place_of_parts(std::move(parts), width)};
  }
  if (!best) return false;
  keep(best->second, next_reservation_, true);
  latest_reserved_ = std::max(latest_reserved_, ready(stage).priority_of(stage));
  reservations_[next_reservation_++] = {stage, ready(stage).priority_of(stage), best->second, best->first};
  return true;
}

// Without a look at each agent: where none could, nothing of this width has room either.
bool Scheduler::could_reserve(std::uint32_t width) const {
  if (!spreads(width)) return unkept_.empty() || unkept_.rbegin()->first >= width || width > largest_;
  std::uint64_t sum = 0;
  for (const auto& [slots, agents] : unkept_) sum += std::uint64_t{slots} * agents;
  return sum >= width;
}

void Scheduler::keep(const Place& place, std::uint64_t reservation, bool kept) {
  place.for_each_part([&](Part part) {
    change(part.agent, [&](Host& host) {
      host.kept = kept ? host.kept + part.slots : host.kept - part.slots;
      if (kept) host.reservations.insert(reservation);
      else host.reservations.erase(reservation);
    });
  });
}

void Scheduler::end_reservations(const std::function<bool(const Reservation&)>& which) {
  for (auto next = reservations_.begin(); next != reservations_.end();) {
    const auto [id, reservation] = *next;
    if (!which(reservation)) {
      ++next;
      continue;
    }
    keep(reservation.place, id, false);
    if (records_[reservation.stage].state == State::ready) ready(reservation.stage).push(reservation.stage);
    next = reservations_.erase(next);
  }
}

// Those whose slots are free, or of one agent and free soon. A stage of an earlier priority that is ready comes before
// reservations of later ones.
void Scheduler::start_reserved(Time now, Commands& out) {
  if (reservations_.empty()) return touched_.clear();
  if (std::optional<Priority> first = next_priority(std::nullopt); first && *first < latest_reserved_) {
    end_reservations([&](const Reservation& r) { return *first < r.priority; });
    latest_reserved_ = *first;
  }
  std::set<std::uint64_t> changed;
  for (AgentId agent : std::exchange(touched_, {}))
    if (auto host = hosts_.find(agent); host != hosts_.end())
      changed.insert(host->second.reservations.begin(), host->second.reservations.end());
  for (std::uint64_t id : changed) {
    const Reservation reservation = reservations_.at(id);
    bool open = records_[reservation.stage].state == State::ready, fit = true, free = true;
    reservation.place.for_each_part([&](Part part) {
      const Host& host = hosts_.at(part.agent);
      std::uint32_t soon = reservation.place.others.empty() ? host.ahead : 0;  // a gang that lives is used again
      fit = fit && host.works();
      free = free && !host.refuses && host.held + part.slots <= host.slots + soon;
    });
    if (open && fit && !free) continue;
    keep(reservation.place, id, false);
    reservations_.erase(id);
    if (open && fit) give(reservation.stage, reservation.place, now, out);
    else if (open) ready(reservation.stage).push(reservation.stage);
  }
  touched_.clear();
}

// Stages that are expected to end before the slots that they take are needed.
void Scheduler::fill_gaps(std::uint32_t width, Priority priority, Time now, Commands& out) {
  ReadyQueue& queue = ready_.at(width);
  const std::set<AgentId> gaps = gaps_;
  for (AgentId agent : gaps) {
    const Host& host = hosts_.at(agent);
    Time end = Time::max();
    for (std::uint64_t id : host.reservations) end = std::min(end, reservations_.at(id).start);
    while (can_take(host, width) && host.held + width <= host.slots && end > now) {
      std::optional<StageId> stage = queue.pop_within(std::chrono::duration<double>(end - now).count(), priority);
      if (!stage) break;
      if (records_[*stage].state != State::ready) continue;
      if (must_go_elsewhere(*stage, agent)) {
        queue.push(*stage);
        break;
      }
      give(*stage, Place{agent, width}, now, out);
    }
  }
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

}  // namespace winnow::sched
