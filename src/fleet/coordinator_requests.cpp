// What the coordinator does when it is asked (requests.h).
#include <fmt/format.h>

#include <algorithm>

#include "coordinator.h"
#include "winnow/core/counted.h"
#include "winnow/core/error.h"

namespace winnow::fleet {

using sched::Scheduler;
using sched::StageId;

std::string Coordinator::carry_out(const Request& request) {
  bool whole = request.kind == Request::Kind::cancel && request.sweep.empty();
  if (ending_ || (scheduler_.stopping() && !whole)) throw UsageError("the run is ending");
  std::string answer = request.kind == Request::Kind::cancel ? cancel(request.sweep) : retry(request.stages);
  journal_.add({{"event", "request"}, {"answer", answer}});
  observer_.say("on request: " + answer);
  return answer;
}

std::string Coordinator::cancel(const std::string& sweep) {
  if (sweep.empty()) {
    cancelled_whole_ = true;  // also of one that drains: it is not to go on by itself
    drains_ = std::max(drains_, 1);
    event(Scheduler::Drain{});
    return "nothing new starts, what runs saves its place; run it again to go on";
  }
  std::vector<std::string> names;
  for (const Wanted& wanted : work_.sweeps) names.push_back(wanted.name);
  auto found = std::find(names.begin(), names.end(), sweep);
  if (found == names.end())
    throw UsageError(fmt::format("this run has no sweep {}{}; it has {}", sweep, did_you_mean(sweep, names),
                                 fmt::join(names, ", ")));
  auto index = static_cast<std::size_t>(found - names.begin());
  std::vector<StageId> own;
  for (StageId stage = 0; stage < work_.identities.size(); ++stage) {
    bool others = false;
    for (std::size_t other = 0; other < work_.sweeps.size(); ++other)
      others = others || (other != index && !cancelled_.count(other) && work_.sweeps[other].needed[stage]);
    if (work_.sweeps[index].needed[stage] && !others) own.push_back(stage);
  }
  cancelled_.insert(index);
  std::size_t before = scheduler_.counts().withdrawn;
  event(Scheduler::Withdraw{std::move(own)});
  return fmt::format("{} of {} left out", counted(scheduler_.counts().withdrawn - before, "stage"), sweep);
}

std::string Coordinator::retry(const std::vector<std::string>& stages) {
  std::vector<StageId> chosen;
  for (StageId stage : scheduler_.failed()) {
    std::string identity = work_.identities[stage].hex();
    if (stages.empty() ||
        std::any_of(stages.begin(), stages.end(), [&](const auto& begin) { return identity.starts_with(begin); }))
      chosen.push_back(stage);
  }
  for (const std::string& begin : stages)
    if (std::none_of(chosen.begin(), chosen.end(),
                     [&](StageId stage) { return work_.identities[stage].hex().starts_with(begin); }))
      throw UsageError(fmt::format("no stage that failed is {}: see `winnow status`", begin));
  if (chosen.empty()) throw UsageError("no stage has failed");
  std::size_t count = chosen.size();
  event(Scheduler::Revive{std::move(chosen)});
  return fmt::format("{} tried again", count == 1 ? "1 failed stage is" : fmt::format("{} failed stages are", count));
}

}  // namespace winnow::fleet
