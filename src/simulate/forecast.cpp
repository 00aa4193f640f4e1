#include "winnow/simulate/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "winnow/core/error.h"
#include "winnow/simulate/cluster.h"

namespace winnow::simulate {

using sched::AgentId;
using sched::StageId;
using sched::Time;

namespace {

Time time_of(double seconds) { return Time(static_cast<std::int64_t>(seconds * 1e9)); }
double seconds_of(Time time) { return std::chrono::duration<double>(time).count(); }

std::uint32_t width_of(const sched::Graph& graph, StageId stage) {
  return graph.widths.empty() ? 1 : graph.widths[graph.classes[stage]];
}

// Of those that are not done.
std::uint32_t widest(const Scenario& scenario) {
  std::uint32_t width = 1;
  for (StageId stage = 0; stage < scenario.graph.classes.size(); ++stage)
    if (!scenario.graph.done[stage]) width = std::max(width, width_of(scenario.graph, stage));
  return width;
}

// Seconds by stage. With a mean of 1 the factor's logarithm has a mean of -sigma^2 / 2.
std::vector<double> drawn_durations(const Scenario& scenario) {
  std::mt19937_64 random(scenario.seed ^ 0x9e3779b97f4a7c15u);
  std::normal_distribution<> normal;
  double sigma = scenario.spread;
  std::vector<double> result;
  for (sched::ClassId id : scenario.graph.classes)
    result.push_back(scenario.expected[id] * (sigma > 0 ? std::exp(sigma * normal(random) - sigma * sigma / 2) : 1.0));
  return result;
}

struct Bounds {
  double work = 0, longest = 0;  // seconds of one slot; of the longest chain of stages that need each other
  double with(std::uint64_t slots) const { return std::max(work / static_cast<double>(slots), longest); }
};

Bounds bounds_of(const sched::Graph& graph, const std::vector<double>& seconds) {
  Bounds result;
  std::vector<double> ends(graph.classes.size());
  for (StageId stage = 0; stage < ends.size(); ++stage) {
    if (graph.done[stage]) continue;
    for (StageId input : graph.inputs[stage]) ends[stage] = std::max(ends[stage], ends[input]);
    ends[stage] += seconds[stage];
    result.longest = std::max(result.longest, ends[stage]);
    result.work += seconds[stage] * width_of(graph, stage);
  }
  return result;
}

class Run : World, Watcher {
 public:
  explicit Run(const Scenario& scenario)
      : scenario_(scenario), random_(scenario.seed), actual_(drawn_durations(scenario)),
        bound_(bounds_of(scenario.graph, actual_).with(std::uint64_t{scenario.nodes} * scenario.slots)),
        timers_(timers_for(bound_)),
        cluster_(scenario.graph, sched::Policy{}, timers_, *this, *this, timers_.beat / 4) {
    std::set<sched::ClassId> classes(scenario.graph.classes.begin(), scenario.graph.classes.end());
    const std::vector<double>& told = scenario.told.empty() ? scenario.expected : scenario.told;
    for (sched::ClassId id : classes) cluster_.scheduler().predict(id, told[id]);
  }

  Forecast run() {
    for (std::uint32_t node = 0; node < scenario_.nodes; ++node) add_node(node);
    cluster_.no_further_nodes();
    cluster_.run(Time::max());
    sched::Scheduler::Counts counts = cluster_.scheduler().counts();
    Forecast& result = forecast_;
    result.done = counts.done -
                  static_cast<std::size_t>(std::count(scenario_.graph.done.begin(), scenario_.graph.done.end(), true));
    result.failed = counts.failed;
    result.blocked = counts.blocked;
    result.open = counts.open;
    result.makespan = seconds_of(cluster_.now());
    result.bound = bound_;
    double there = absent_;
    for (const auto& [id, place] : places_) there += result.makespan - place.since;
    result.idle = std::max(there * scenario_.slots - result.busy - result.in_vain, 0.0);
    return std::move(result);
  }

 private:
  struct Place {
    std::uint32_t node = 0;
    double since = 0;
    std::map<sched::Slot, double> begun;
    std::map<sched::Slot, std::uint32_t> slots = {};  // of the trainer, by its first
  };

  // Heartbeats and progress of thousands of agents over days would be most of the work.
  static sched::Timers timers_for(double bound) {
    sched::Timers timers;
    double rarer = std::max(bound / 6000, 1.0);
    for (Time sched::Timers::*timer :
         {&sched::Timers::beat, &sched::Timers::agent_silence, &sched::Timers::coordinator_silence,
          &sched::Timers::least_hang, &sched::Timers::first_progress})
      timers.*timer = time_of(seconds_of(timers.*timer) * rarer);
    return timers;
  }

  void add_node(std::uint32_t node) {
    AgentId id = cluster_.add_node(scenario_.slots);
    places_[id] = {node, seconds_of(cluster_.now()), {}};
    if (scenario_.node_life <= 0) return;
    double life = std::exponential_distribution<>(1 / scenario_.node_life)(random_);
    cluster_.later(time_of(life), [this, id, node] {
      ++forecast_.lost_nodes;
      cluster_.lose_node(id, /*noticed=*/false);
      absent_ += seconds_of(cluster_.now()) - places_.at(id).since;
      places_.erase(id);
      cluster_.later(time_of(scenario_.node_back), [this, node] { add_node(node); });
    });
  }

  // World
  Fate fate(StageId stage, std::uint32_t, AgentId) override {
    double seconds = actual_[stage];
    if (scenario_.crash_rate > 0 && std::uniform_real_distribution<>()(random_) < scenario_.crash_rate)
      return {time_of(seconds * std::uniform_real_distribution<>()(random_)), Fate::End::crashes};
    return {time_of(seconds), Fate::End::done};
  }
  Time delay(Delay what) override {
    switch (what) {
      case Delay::to_scheduler:
      case Delay::to_agent: return std::chrono::microseconds(200);
      case Delay::preparation: return std::chrono::milliseconds(2);
      case Delay::trainer_start: return time_of(scenario_.trainer_start);
      case Delay::commit: return std::chrono::milliseconds(20);
      case Delay::stop: return std::chrono::seconds(2);
      case Delay::end_of_process: break;
    }
    return std::chrono::milliseconds(50);
  }

  // Watcher
  void trainer_started(AgentId id, const std::vector<sched::Slot>& slots, Time) override {
    places_.at(id).slots[slots.front()] = static_cast<std::uint32_t>(slots.size());
  }
  void begun(AgentId id, sched::Slot slot, sched::Attempt, Time now) override {
    places_.at(id).begun[slot] = seconds_of(now);
  }
  void ended(AgentId id, sched::Slot slot, sched::Attempt attempt, bool result, Time now) override {
    Place& place = places_.at(id);
    Span span{place.node, slot, place.slots.at(slot), attempt, place.begun.at(slot), seconds_of(now), result};
    (result ? forecast_.busy : forecast_.in_vain) += (span.end - span.begin) * span.width;
    if (scenario_.spans) forecast_.spans.push_back(span);
  }

  const Scenario& scenario_;
  std::mt19937_64 random_;
  std::vector<double> actual_;
  double bound_;
  sched::Timers timers_;
  Cluster cluster_;
  std::map<AgentId, Place> places_;
  double absent_ = 0;  // seconds of nodes that were lost, while they were there
  Forecast forecast_;
};

}  // namespace

Forecast forecast(const Scenario& scenario) {
  if (std::uint32_t width = widest(scenario), all = scenario.nodes * scenario.slots; width > all)
    throw UsageError(fmt::format(
        "a stage is {} wide and all nodes together have {} slots: simulate more, or lower its `width`", width, all));
  return Run(scenario).run();
}

std::uint32_t nodes_for(Scenario& scenario, double seconds, Forecast& found) {
  auto stages = static_cast<std::uint32_t>(std::count(scenario.graph.done.begin(), scenario.graph.done.end(), false));
  Bounds bounds = bounds_of(scenario.graph, drawn_durations(scenario));
  if (bounds.longest > seconds) return 0;
  // Too few; enough, once found.
  auto few = static_cast<std::uint32_t>(std::ceil(bounds.work / seconds / scenario.slots)) - 1, many = few + 1;
  auto enough = [&](std::uint32_t nodes) {
    scenario.nodes = nodes;
    if (nodes * scenario.slots < widest(scenario)) return false;
    Forecast with = forecast(scenario);
    bool in_time = with.open == 0 && with.makespan <= seconds;
    if (in_time) found = std::move(with);
    return in_time;
  };
  const std::uint32_t most = std::max(stages, (widest(scenario) + scenario.slots - 1) / scenario.slots);
  while (!enough(many)) {
    if (many >= most) return 0;
    few = many;
    many = std::min(2 * many, most);
  }
  while (many - few > 1) {
    std::uint32_t middle = few + (many - few) / 2;
    (enough(middle) ? many : few) = middle;
  }
  scenario.nodes = many;
  return many;
}

}  // namespace winnow::simulate
