// Which stages wait for which, and the queues of those that wait for none.
#include <algorithm>
#include <set>
#include <utility>

#include "winnow/sched/scheduler.h"

namespace winnow::sched {

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
