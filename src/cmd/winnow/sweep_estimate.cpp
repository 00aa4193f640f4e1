#include "sweep_estimate.h"

#include <algorithm>
#include <queue>
#include <utility>

namespace winnow::cmd {

StageTimes StageTimes::from(const Value& measured) {
  auto number = [&](const char* key) {
    auto found = measured.find(key);
    return found != measured.end() && found->is_number() ? std::max(0.0, found->get<double>()) : 0.0;
  };
  StageTimes result;
  result.once = number("once");
  result.epochs = static_cast<std::int64_t>(number("epochs"));
  result.evaluation = number("evaluation");
  result.step = number("later_step");
  double steps = number("steps_per_epoch");
  result.first_epoch = steps * number("first_step") + number("first_passes") + result.evaluation;
  result.later_epoch = steps * result.step + number("later_passes") + result.evaluation;
  return result;
}

double StageTimes::stage(std::int64_t own_epochs) const {
  return own_epochs <= 0 ? once : once + first_epoch + static_cast<double>(own_epochs - 1) * later_epoch;
}

double makespan(const std::vector<Job>& jobs, std::uint32_t trainers) {
  std::vector<std::size_t> missing(jobs.size());
  std::vector<std::vector<std::uint32_t>> needed_by(jobs.size());
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    missing[i] = jobs[i].inputs.size();
    for (std::uint32_t input : jobs[i].inputs) needed_by[input].push_back(i);
  }
  std::priority_queue<std::pair<double, std::uint32_t>> ready;  // the longest first
  std::priority_queue<std::pair<double, std::uint32_t>, std::vector<std::pair<double, std::uint32_t>>, std::greater<>>
      running;
  for (std::uint32_t i = 0; i < jobs.size(); ++i)
    if (missing[i] == 0) ready.emplace(jobs[i].seconds, i);
  auto slots = [&](std::uint32_t job) { return std::min(std::max<std::uint32_t>(jobs[job].width, 1), trainers); };
  double now = 0;
  std::uint32_t free = trainers;
  while (!ready.empty() || !running.empty()) {
    while (!ready.empty() && slots(ready.top().second) <= free) {
      std::uint32_t job = ready.top().second;
      ready.pop();
      free -= slots(job);
      running.emplace(now + jobs[job].seconds, job);
    }
    auto [end, job] = running.top();
    running.pop();
    now = end;
    free += slots(job);
    for (std::uint32_t next : needed_by[job])
      if (--missing[next] == 0) ready.emplace(jobs[next].seconds, next);
  }
  return now;
}

}  // namespace winnow::cmd
