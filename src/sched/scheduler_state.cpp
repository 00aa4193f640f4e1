// What a scheduler is, as bytes.
#include <algorithm>

#include "state_bytes.h"
#include "winnow/sched/scheduler.h"

namespace winnow::sched {

std::string Scheduler::state(Time now) const {
  StateBytes bytes(now, timers_);
  for (const Record& record : records_)
    bytes.add(record.missing)
        .add(record.attempts)
        .add(record.failures)
        .add(record.user_failures)
        .add(record.out_of_memory)
        .add(static_cast<int>(record.state));
  std::vector<const Lease*> leases;
  for (const auto& [stage, lease] : leases_) leases.push_back(&lease);
  std::sort(leases.begin(), leases.end(), [](const Lease* a, const Lease* b) { return a->attempt < b->attempt; });
  bytes.add(leases.size());
  for (const Lease* lease : leases)
    bytes.add(lease->agent)
        .add(lease->attempt)
        .add(lease->renewed)
        .add(lease->given)
        .add(lease->end)
        .add(lease->slots)
        .add(lease->started)
        .add(lease->retracting)
        .add(lease->reserved)
        .add(lease->others.size());
  for (const Lease* lease : leases)
    for (const Member& member : lease->others)
      bytes.add(member.part.agent).add(member.part.slots).add(member.renewed).add(member.reserved);
  bytes.add(reservations_.size());
  for (const auto& [id, reservation] : reservations_) {
    bytes.add(reservation.stage).add(reservation.start);
    reservation.place.for_each_part([&](Part part) { bytes.add(part.agent).add(part.slots); });
  }
  for (StageId stage = 0; stage < records_.size(); ++stage)
    if (auto found = failed_on_.find(stage); found != failed_on_.end())
      bytes.add(stage).add(found->second.first).add(static_cast<int>(found->second.second));
  bytes.add(hosts_.size());
  for (const auto& [id, host] : hosts_) {
    bytes.add(id).add(host.slots).add(host.held).add(host.started).add(host.kept).add(host.heard).add(host.refuses);
    bytes.add(host.ahead)
        .add(host.quarantines)
        .add(host.quarantined_until.has_value())
        .add(host.quarantined_until.value_or(now));
    for (const auto& [stage, why] : host.failing) bytes.add(stage).add(static_cast<int>(why));
    bytes.add(host.failing.size());
  }
  bytes.add(delayed_.size());
  for (const auto& [time, stage] : delayed_) bytes.add(time).add(stage);
  for (const auto& [width, queue] : ready_) {
    bytes.add(queue.size());
    for (ClassId id = 0; id < open_of_.size(); ++id)
      if (widths_[id] == width) bytes.add(static_cast<int>(queue.prediction(id).value_or(-1) * 1000));
  }
  for (std::uint32_t seen : seen_) bytes.add(std::min(seen, 8u));
  return bytes.add(looked_).add(stopping_).add(complete_).add(most_slots_).take();
}

}  // namespace winnow::sched
