#include "winnow/sched/ready_queue.h"

#include <cmath>
#include <map>
#include <tuple>

namespace winnow::sched {

bool ReadyQueue::Front::operator<(const Front& other) const {
  return std::tie(priority, other.height, other.bucket, stage) < std::tie(other.priority, height, bucket, other.stage);
}

ReadyQueue::ReadyQueue(std::size_t classes, const std::vector<ClassId>& class_of,
                       const std::vector<std::uint16_t>& height_of, const std::vector<Priority>& priority_of)
    : group_of_(class_of.size()), groups_of_class_(classes), bucket_(classes, kUnseen), seconds_(classes, -1) {
  std::map<std::tuple<Priority, ClassId, std::uint16_t>, std::uint32_t> known;
  for (StageId stage = 0; stage < class_of.size(); ++stage) {
    Priority priority = priority_of.empty() ? 0 : priority_of[stage];
    auto [entry, fresh] =
        known.try_emplace({priority, class_of[stage], height_of[stage]}, static_cast<std::uint32_t>(groups_.size()));
    if (fresh) {
      groups_of_class_[class_of[stage]].push_back(entry->second);
      groups_.push_back({priority, height_of[stage], class_of[stage], {}});
    }
    group_of_[stage] = entry->second;
  }
}

ReadyQueue::Front ReadyQueue::front_of(std::uint32_t group) const {
  const Group& g = groups_[group];
  return {g.priority, g.height, bucket_[g.class_id], g.stages.top(), group};
}

void ReadyQueue::push(StageId stage) {
  std::uint32_t group = group_of_[stage];
  auto& stages = groups_[group].stages;
  bool first = stages.empty() || stage < stages.top();
  if (first && !stages.empty()) fronts_.erase(front_of(group));
  stages.push(stage);
  if (first) fronts_.insert(front_of(group));
  ++size_;
}

StageId ReadyQueue::take(std::set<Front>::iterator place) {
  Front front = *place;
  fronts_.erase(place);
  auto& stages = groups_[front.group].stages;
  stages.pop();
  if (!stages.empty()) fronts_.insert(front_of(front.group));
  --size_;
  return front.stage;
}

std::optional<StageId> ReadyQueue::pop() {
  if (fronts_.empty()) return std::nullopt;
  return take(fronts_.begin());
}

std::optional<StageId> ReadyQueue::pop_within(double seconds, Priority priority) {
  for (auto front = fronts_.begin(); front != fronts_.end() && front->priority <= priority; ++front) {
    double own = seconds_[groups_[front->group].class_id];
    if (front->priority == priority && own >= 0 && own <= seconds) return take(front);
  }
  return std::nullopt;
}

void ReadyQueue::predict(ClassId id, double seconds) {
  int bucket = static_cast<int>(std::lround(std::log(std::max(seconds, 1e-6)) / std::log(1.5)));
  seconds_[id] = seconds;
  if (bucket == bucket_[id]) return;
  for (std::uint32_t group : groups_of_class_[id])
    if (!groups_[group].stages.empty()) fronts_.erase(front_of(group));
  bucket_[id] = bucket;
  for (std::uint32_t group : groups_of_class_[id])
    if (!groups_[group].stages.empty()) fronts_.insert(front_of(group));
}

std::optional<Priority> ReadyQueue::priority() const {
  if (fronts_.empty()) return std::nullopt;
  return fronts_.begin()->priority;
}

std::optional<double> ReadyQueue::prediction(ClassId id) const {
  if (seconds_[id] < 0) return std::nullopt;
  return seconds_[id];
}

}  // namespace winnow::sched
