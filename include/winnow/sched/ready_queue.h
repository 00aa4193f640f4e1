// The stages that could start now, in the order in which they should.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <set>
#include <vector>

#include "winnow/sched/attempt.h"

namespace winnow::sched {

using ClassId = std::uint32_t;  // stages that take about equally long: (method, model, data set)
using Priority = std::int32_t;  // smaller ones start first

// First what has the smaller priority, then what most others wait for (a longer chain of dependents), then longest
// predicted first, then the given order, which fills tables evenly. Predictions count in steps of 1.5x: the noise
// between equal classes must not decide. A class without a known duration counts as the longest: it is the largest risk
// at the end, and starting it teaches.
//
// One heap for each (priority, class, height) and a set of their fronts: a new prediction moves groups, never stages,
// so the cost of a stage does not grow with the number of stages.
class ReadyQueue {
 public:
  // The last three by stage; no priorities: all are equal.
  ReadyQueue(std::size_t classes, const std::vector<ClassId>& class_of, const std::vector<std::uint16_t>& height_of,
             const std::vector<Priority>& priority_of = {});

  void push(StageId);
  std::optional<StageId> pop();  // the stage that should start first
  // The first one of this priority that is predicted to take no longer than that.
  std::optional<StageId> pop_within(double seconds, Priority priority);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::optional<Priority> priority() const;  // of the stage that should start first
  Priority priority_of(StageId stage) const { return groups_[group_of_[stage]].priority; }

  void predict(ClassId, double seconds);
  std::optional<double> prediction(ClassId) const;
  std::size_t classes() const { return bucket_.size(); }

 private:
  struct Group {
    Priority priority;
    std::uint16_t height;
    ClassId class_id;
    std::priority_queue<StageId, std::vector<StageId>, std::greater<>> stages;
  };
  struct Front {
    Priority priority;
    std::uint16_t height;
    int bucket;
    StageId stage;
    std::uint32_t group;
    bool operator<(const Front& other) const;
  };
  static constexpr int kUnseen = std::numeric_limits<int>::max();

  Front front_of(std::uint32_t group) const;
  StageId take(std::set<Front>::iterator);

  std::vector<std::uint32_t> group_of_;  // by stage
  std::vector<Group> groups_;
  std::vector<std::vector<std::uint32_t>> groups_of_class_;
  std::vector<int> bucket_;      // by class
  std::vector<double> seconds_;  // by class; negative: unseen
  std::set<Front> fronts_;
  std::size_t size_ = 0;
};

}  // namespace winnow::sched
